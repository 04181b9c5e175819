# The same without the parameter that the flow requires.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($input: StartRunInput!) { startRun(input: $input) { __typename ... on Run { id } ... on Refusal { code message fix details { path message fix } } } }",
    "variables": { "input": { "flow": "hello", "parameters": { "copies": 9 } } }
  }'
