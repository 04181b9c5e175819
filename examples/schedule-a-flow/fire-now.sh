# Usage: fire-now.sh <schedule id>. Starts a run as the schedule would; its times stay as they are.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($id: ID!) { fireScheduleNow(id: $id) { __typename ... on Run { id number status } ... on Refusal { code message fix } } }",
    "variables": { "id": "'"$1"'" }
  }'
