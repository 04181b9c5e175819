# What is scheduled, when it fires next, and what it has started.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "{ schedules { nodes { id name status nextFireAt skipped firings { scheduledFor byHand runId declined } } } }",
    "variables": {}
  }'
