# How many runs may still start today, and when the next day begins.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{ "query": "{ viewer { workspace { plan } dailyRuns { started cap remaining resetsAt } } }" }'
