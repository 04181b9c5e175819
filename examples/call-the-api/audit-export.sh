# Usage: audit-export.sh <run id>. Writes <run id>.audit.ndjson.
curl -sf -o "$1.audit.ndjson" "$RUNLEDGER_URL/api/v1/runs/$1/audit.ndjson" -H "authorization: Bearer $RUNLEDGER_TOKEN"
