# Makes a token that may watch and nothing else. Its secret is in this answer and nowhere else.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($input: TokenInput!) { createToken(input: $input) { __typename ... on IssuedToken { secret token { id name scopes expiresAt } } ... on Refusal { code message fix } } }",
    "variables": { "input": { "name": "dashboard", "scopes": ["FLOWS_READ"], "expiresAt": "'"$(date -u -d '+90 days' +%FT%TZ)"'" } }
  }'
