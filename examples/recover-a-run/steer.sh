# Usage: steer.sh <run id> <verb> [fields]. Steers a run over REST: 200 done, 202 another run was started, 409 it does not fit.
curl -s -w '\n%{http_code}\n' -X POST "$RUNLEDGER_URL/api/v1/runs/$1/$2" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' -d "${3:-{\}}"
