# Usage: resume.sh <schedule id>. Fires again; what fell into the pause is not caught up.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($id: ID!) { resumeSchedule(id: $id) { __typename ... on Schedule { status nextFireAt } ... on Refusal { code message fix } } }",
    "variables": { "id": "'"$1"'" }
  }'
