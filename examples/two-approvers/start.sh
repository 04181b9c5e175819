# Starts the guarded deploy.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{ "query": "mutation { startRun(input: { flow: \"guarded-deploy\", parameters: {} }) { __typename ... on Run { id } ... on Refusal { code message fix } } }" }'
