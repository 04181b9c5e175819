# Usage: search.sh <words> [<cursor>]. Looks for the words in everything that was said in runs of the flow `hello`; a page of five.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "query ($query: String!, $after: String) { search(query: $query, flow: \"hello\", first: 5, after: $after) { nodes { kind at step attempt entryId snippet matches { start end } run { id number } } pageInfo { hasNextPage endCursor } } }",
    "variables": { "query": "'"$1"'", "after": '"${2:+\"}${2:-null}${2:+\"}"' }
  }'
