# Usage: download-artifact.sh <artifact id> <file>
curl -sf -o "$2" "$RUNLEDGER_URL/api/v1/artifacts/$1" -H "authorization: Bearer $RUNLEDGER_TOKEN"
