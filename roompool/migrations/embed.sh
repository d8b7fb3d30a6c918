#!/bin/sh
# embed.sh OUT FILE.. - write the SQL files as C arrays, in the given order.
# (Arrays, because standard C bounds the length of a string literal.)
set -eu
out=$1
shift
{
    echo '#include "io/migrations.h"'
    n=0
    for file in "$@"; do
        n=$((n + 1))
        echo "static const char sql_${n}[] = {"
        od -An -v -tx1 "$file" | sed 's/ \(..\)/0x\1,/g'
        echo '0};'
    done
    echo 'const char *const pl_migrations[] = {'
    i=0
    while [ "$i" -lt "$n" ]; do
        i=$((i + 1))
        echo "    sql_$i,"
    done
    echo '};'
    echo 'const size_t pl_migrations_count ='
    echo '    sizeof pl_migrations / sizeof pl_migrations[0];'
} > "$out"
