# Starts a run of the flow `hello`. A second call with the same key starts nothing: it answers with the same run.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($input: StartRunInput!) { startRun(input: $input) { __typename ... on Run { id number status position } ... on Refusal { code message fix details { path message fix } } } }",
    "variables": { "input": { "flow": "hello", "parameters": { "who": "Ada" }, "idempotencyKey": "greet-ada" } }
  }'
