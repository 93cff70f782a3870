node_modules_is_there() {
  [[ node_modules/.package-lock.json -nt package-lock.json ]] && node_is_new_enough
}

node_is_new_enough() {
  local wanted have
  wanted=$(sed -n 's/^ *"node": ">=\([0-9.]*\)".*/\1/p' package.json)
  have=$(node_modules/.bin/node --version 2>/dev/null) || return 1
  printf '%s\n' "$wanted" "${have#v}" | sort --version-sort --check=silent
}

install_node_modules() {
  # npm must not run on the very Node that it replaces.
  PATH=$(tr ':' '\n' <<<"$PATH" | grep -v '/node_modules/\.bin$' | paste -sd:)
  # Newer npms refuse a lockfile without the optional packages of other platforms. `install` holds to it as well.
  npm ci --include=dev --no-audit --no-fund || npm install --no-save --include=dev --no-audit --no-fund
  if node_is_new_enough; then return; fi

  # This npm was told not to run install scripts, or does not know package.json's allowScripts.
  (cd node_modules/node && node installArchSpecificPackage.js)
  ln -sf ../node/bin/node node_modules/.bin/node
  node_is_new_enough
}
