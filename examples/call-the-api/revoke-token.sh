# Usage: revoke-token.sh <token id>
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($id: ID!) { revokeToken(id: $id) { __typename ... on ApiToken { id revokedAt } ... on Refusal { code message fix } } }",
    "variables": { "id": "'"$1"'" }
  }'
