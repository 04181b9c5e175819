# Usage: run-at-least.sh <run id> <position>. Answers once the read models have reached the position.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "query ($id: ID!, $atLeast: Position) { run(id: $id, atLeast: $atLeast) { number status position waitingOn { kind what } timeline { key state summary output artifacts { path bytes sha256 url } } } }",
    "variables": { "id": "'"$1"'", "atLeast": "'"$2"'" }
  }'
