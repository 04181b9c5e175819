# Usage: start.sh [region]. Starts a run of the flow `recover`; without a region its second step fails.
curl -s "$RUNLEDGER_URL/api/v1/trigger" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{ "flow": "recover", "parameters": { "region": "'"${1:-nowhere}"'" } }'
