# The skills of the workspace, each in its latest version.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{ "query": "{ skills { slug version tools output mcpServers } }" }'
