# Usage: pause.sh <schedule id>. Fires no more until it is resumed.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($id: ID!) { pauseSchedule(id: $id) { __typename ... on Schedule { status nextFireAt } ... on Refusal { code message fix } } }",
    "variables": { "id": "'"$1"'" }
  }'
