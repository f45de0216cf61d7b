set -eu -o pipefail
jar=$(mktemp)
trap 'rm -f "$jar"' EXIT

# Signs in as a browser would: follows redirects, fills the one form it finds, follows again.
sign_in() {
  page=$(curl -s -L -c "$jar" -b "$jar" -w '\n%{url_effective}' "$3")
  here=${page##*$'\n'}
  action=$(echo "$page" | sed -n 's/.*<form[^>]*action="\([^"]*\)".*/\1/p' | head -1 | sed 's/&amp;/\&/g')
  case "$action" in
    http*) target=$action ;;
    /*) target=$USHER$action ;;
    *) target=$here ;;
  esac
  hidden=()
  while IFS= read -r input; do
    name=$(echo "$input" | sed -n 's/.*name="\([^"]*\)".*/\1/p')
    value=$(echo "$input" | sed -n 's/.*value="\([^"]*\)".*/\1/p')
    hidden+=(--data-urlencode "$name=$value")
  done < <(echo "$page" | grep -o '<input[^>]*type="hidden"[^>]*>' || true)
  landed=$(curl -s -L -c "$jar" -b "$jar" -o /dev/null -w '%{url_effective}' \
    ${hidden[@]+"${hidden[@]}"} --data-urlencode "username=$1" --data-urlencode "password=$2" "$target")
  echo "landed on ${landed#"$USHER"}"
}
