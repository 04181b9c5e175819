# Which events start runs, and what they have started lately.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "{ eventTriggers { id name status event condition flow firings { eventId firedAt runId declined why } } }",
    "variables": {}
  }'
