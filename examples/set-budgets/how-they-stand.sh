# What may be spent, what is spent, what is set aside, and which runs wait for room. Takes the scope billing.read.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{ "query": "{ budgets { scope scopeId limit { formatted } standing { month spent { formatted } reserved { formatted } available { formatted } thresholds { percent at } heldRuns } } }" }'
