# ctest.sh - run tests of one build folder. Sourced, never run.
# shellcheck shell=bash

# run_ctest DIR [CTEST OPTION..] - its summary comes last. Tests say how many
# half cores they need (cmake/pl_test.cmake).
run_ctest() {
    local dir=$1
    shift
    (cd "$dir" && ctest --output-on-failure --no-tests=error -j $((2 * $(nproc))) "$@")
}

# The end-to-end stories drive a browser with this module.
e2e_need_modules() {
    local dir=$PARLEY_ROOT/tests/e2e
    local stamp=$dir/node_modules/.package-lock.json
    if [[ ! -e $stamp || $dir/package-lock.json -nt $stamp ]]; then
        step "installing the node modules of the end-to-end tests"
        if ! (cd "$dir" && npm ci --no-audit --no-fund) \
            >"$PARLEY_ROOT/build/npm.log" 2>&1; then
            show_tail "$PARLEY_ROOT/build/npm.log" 15
            die "npm ci failed in tests/e2e (the lines above)."
        fi
        touch "$stamp"
    fi
}
