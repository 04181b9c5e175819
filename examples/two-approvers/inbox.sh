# What waits for me?
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{ "query": "{ inbox { nodes { id message shown shownHash until policy { approvers count excludeStarter } votes { decision by { name } } } } }" }'
