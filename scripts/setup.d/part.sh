# A part NAME is two functions: NAME_is_there, which is quick, and install_NAME.

say() { echo "setup: $*"; }

# get NAME WHAT WITHOUT HELP: installs a part that is not there, or says what its lack means and what helps.
# A slow failure is remembered for an hour, so that starting again is quick on a machine that cannot have the part.
get() {
  local name=$1 what=$2 without=$3 help=$4
  local title=${name//_/-} log=.parts/log/$name.log failure=.parts/failed/$name status start
  if "${name}_is_there"; then return; fi

  if [[ -n $(find "$failure" -mmin -60 2>/dev/null) && $name != node_modules ]]; then
    say "$title is missing, so $without. What helps: $help"
    say "  it is tried again in an hour, or after: rm -r .parts/failed"
    return
  fi

  say "installing $title: $what"
  # Not `if (…)`: bash would ignore `set -e` inside.
  start=$SECONDS
  set +e
  (set -e && "install_$name") >"$log" 2>&1
  status=$?
  set -e
  if [[ $status == 0 ]] && "${name}_is_there"; then
    rm -f "$failure"
    return
  fi

  if ((SECONDS - start > 5)); then touch "$failure"; fi
  say "$title could not be installed, so $without. What helps: $help"
  say "  the end of $log: $(tail -n 3 "$log" | tr '\n' ' ')"
}
