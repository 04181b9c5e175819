# What could not be dealt with, and what waits behind it.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{ "query": "{ parkedEvents { nodes { id reactor state eventType runId attempts error { code message lastAt } } } }" }'
