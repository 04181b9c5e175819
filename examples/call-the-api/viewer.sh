# Who am I, and what may I do?
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{ "query": "{ viewer { member { name } workspace { id } scopes } }" }'
