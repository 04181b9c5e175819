# What waits for a decision, and what exactly is shown to whoever decides.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{ "query": "{ inbox { nodes { id message shownHash step availableDecisions run { id number } } } }" }'
