# Usage: pause.sh <trigger id>. Starts nothing until it is resumed.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($id: ID!) { pauseEventTrigger(id: $id) { __typename ... on EventTrigger { status } ... on Refusal { code message fix } } }",
    "variables": { "id": "'"$1"'" }
  }'
