#!/usr/bin/env bash
# Fuzzes the readers, all targets or those named.
#
#   fuzz/run.sh 5000               5,000 inputs a target, the kept corpus first (what CI does)
#   fuzz/run.sh 60s numbers dates  a minute for each of two targets
#   fuzz/run.sh merge              puts what was found since into the kept corpus, minimised
#
# SANITIZER=address looks for memory errors too; it builds and runs several times slower.
# Needs rustup, a C++ compiler and, for the address sanitizer, nothing more: the compiler's
# unstable options are switched on for this build alone.
set -euo pipefail
cd "$(dirname "$0")"

amount=${1:-20000}
shift || true
sanitizer=${SANITIZER:-none}
targets=("$@")
CARGO_FUZZ_VERSION=0.13.2

export RUSTC_BOOTSTRAP=1 CARGO_TERM_COLOR=never
command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked --version "$CARGO_FUZZ_VERSION"
host=$(rustc -vV | sed -n 's/^host: //p')
target_dir=${CARGO_TARGET_DIR:-target}
cargo fuzz build --fuzz-dir . --sanitizer "$sanitizer" --target-dir "$target_dir"
((${#targets[@]})) || mapfile -t targets < <(cargo fuzz list --fuzz-dir .)

# The inputs become files: not on a disk, where that is possible.
memory=/tmp
[[ -w /dev/shm ]] && memory=/dev/shm
TMPDIR=$(mktemp -d "$memory/clientbase-fuzz.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# Longest input of a target, bytes.
longest() {
    case $1 in
        numbers) echo 64 ;;
        dates) echo 96 ;;
        workbook | workbook_parts) echo 16384 ;;
        *) echo 4096 ;;
    esac
}

# Workbooks start threads, which the search for leaks takes for leaks.
fuzz() {
    local target=$1
    shift
    local options=(-rss_limit_mb=2048 -malloc_limit_mb=128 -timeout=20 -detect_leaks=0
        -max_len="$(longest "$target")" -print_final_stats=1)
    [[ -f dictionaries/$target.dict ]] && options+=(-dict="dictionaries/$target.dict")
    "$target_dir/$host/release/$target" "${options[@]}" "$@"
}

merge() {
    local target=$1 kept
    kept=$TMPDIR/$target
    mkdir -p "$kept" "found/$target" "corpus/$target"
    fuzz "$target" -set_cover_merge=1 "$kept" "corpus/$target" "found/$target" >"$TMPDIR/$target.log" 2>&1
    rm -rf "corpus/$target" "found/$target"
    mv "$kept" "corpus/$target"
    printf '%-16s %5d inputs, %d bytes\n' "$target" "$(find "corpus/$target" -type f | wc -l)" \
        "$(cat "corpus/$target"/* | wc -c)"
}

# New inputs go to found/, which git does not see.
run() {
    local target=$1 log=$TMPDIR/$1.log limit=-runs=$amount started=$SECONDS
    [[ $amount == *s ]] && limit=-max_total_time=${amount%s}
    mkdir -p "found/$target" "corpus/$target" "artifacts/$target"
    if ! fuzz "$target" "$limit" -artifact_prefix="artifacts/$target/" "found/$target" \
        "corpus/$target" >"$log" 2>&1; then
        printf '%s failed:\n' "$target" >&2
        tail -n 60 "$log" >&2
        return 1
    fi
    awk -v target="$target" -v seconds=$((SECONDS - started)) '
        / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") coverage = $(i + 1) }
        /number_of_executed_units/ { executed = $2 }
        /peak_rss_mb/ { memory = $2 }
        END { printf "%-16s %9d inputs in %5d s, %6d edges covered, %5d MB at most\n",
              target, executed, seconds, coverage, memory }' "$log"
}

failed=0
for target in "${targets[@]}"; do
    if [[ $amount == merge ]]; then merge "$target"; else run "$target" || failed=1; fi
done
exit $failed
