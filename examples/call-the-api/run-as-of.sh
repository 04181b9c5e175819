# Usage: run-as-of.sh <run id> <position>. The run as it was when the log had grown up to the position.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "query ($id: ID!, $asOf: Position) { run(id: $id, asOf: $asOf) { number status waitingOn { kind what } timeline { key state summary } approvals { state } cost { total { formatted } } } }",
    "variables": { "id": "'"$1"'", "asOf": "'"$2"'" }
  }'
