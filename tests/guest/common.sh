# SPDX-License-Identifier: GPL-2.0-or-later
# What tests/run, tests/install, tests/guest/* and conf/demo/run share. Bash;
# to be sourced.

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '%s\n' "$*"; }

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Runs a command quietly; what it said appears only when it fails.
quietly() {
    local log rc=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || rc=$?
    [ "$rc" = 0 ] || { cat "$log" >&2; printf 'failed (%s): %s\n' "$rc" "$*" >&2; }
    rm -f "$log"
    return "$rc"
}

# build_tree DIR TYPE [CMAKE-OPTION...] [-- TARGET...]
build_tree() {
    local dir=$1 type=$2 options=()
    shift 2
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    [ $# -eq 0 ] || shift
    quietly cmake -S "$source_dir" -B "$dir" -G Ninja -DCMAKE_BUILD_TYPE="$type" \
        "${options[@]}" &&
        quietly ninja -C "$dir" "$@"
}

# compile_for_guest OUTPUT FILE.c...: static, so that the guest needs nothing.
compile_for_guest() {
    local output=$1
    shift
    "${CC:-cc}" -std=gnu11 -O2 -Wall -Wextra -static -I"$source_dir" \
        -I"$source_dir/tests/guest/kms" $(pkg-config --cflags libdrm) -o "$output" "$@" -lm
}
