# Usage: what-it-cost.sh <from> <to>, UTC days such as 2026-11-01. What was spent, by flow and model, as CSV.
curl -s "$RUNLEDGER_URL/api/v1/costs.csv?from=$1T00:00:00Z&to=$2T00:00:00Z&groupBy=FLOW,MODEL" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN"
