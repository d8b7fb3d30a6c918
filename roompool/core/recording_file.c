/* recording_file.c - what media workers tell of recordings and their files. */
#include <stdlib.h>
#include <string.h>

#include "conference.h"
#include "leg.h"
#include "pl/str.h"
#include "recording.h"

/* Stems of who comes and goes are many; a worker gone wild has an end. */
enum { MAX_FILES = 10000 };

static void save(pl_pool *pool, const pl_recfile *file)
{
    pl_pool_put(pool, &PL_TABLE_RECFILE, &file->row);
}

static pl_err add(pl_recording *rec, const pl_recfile_row *row,
                  pl_recfile **ret_file)
{
    pl_recfile *file = calloc(1, sizeof *file);
    if (!file)
        return PL_ENOMEM;
    file->row = *row;
    pl_list_append(&rec->files, &file->link);
    if (row->file_no > rec->n_files)
        rec->n_files = row->file_no;
    *ret_file = file;
    return PL_OK;
}

pl_err pl_recfile_load(pl_pool *pool, const pl_recfile_row *row)
{
    pl_recording *rec = pl_recording_find(pool, row->recording_id);
    pl_recfile *file;
    return rec ? add(rec, row, &file) : PL_OK; /* of one that is over */
}

void pl_recording_free_files(pl_recording *rec)
{
    PL_LIST_EACH_SAFE(node, &rec->files)
    {
        pl_list_remove(node);
        free(PL_CONTAINER(node, pl_recfile, link));
    }
}

void pl_recording_close_files(pl_pool *pool, pl_recording *rec)
{
    PL_LIST_EACH(node, &rec->files)
    {
        pl_recfile *file = PL_CONTAINER(node, pl_recfile, link);
        if (file->row.is_closed)
            continue;
        file->row.is_closed = true;
        save(pool, file);
    }
}

static pl_recfile *find(const pl_recording *rec, const char *node_name,
                        const char *path)
{
    PL_LIST_EACH(node, &rec->files)
    {
        pl_recfile *file = PL_CONTAINER(node, pl_recfile, link);
        if (strcmp(file->row.path, path) == 0 &&
            strcmp(file->row.media_node, node_name) == 0)
            return file;
    }
    return NULL;
}

/* Below its folder, whatever the worker says: segments of plain names. */
static bool is_below(const char *path)
{
    while (*path) {
        size_t n = strcspn(path, "/");
        if (n == 0 || path[0] == '.')
            return false;
        path += n;
        if (*path == '/' && *++path == '\0')
            return false;
    }
    return true;
}

static bool may_begin(const pl_recording *rec, const pl_bus_in *in,
                      const pl_recording_file *m)
{
    return rec->row.part == m->part &&
           strcmp(rec->row.media_node, in->node) == 0 && is_below(m->path) &&
           rec->n_files < MAX_FILES &&
           pl_recording_kind_of(m->kind) != PL_RECORDING_KIND_UNKNOWN;
}

static pl_recfile *begin(pl_pool *pool, pl_recording *rec, const pl_bus_in *in)
{
    const pl_recording_file *m = in->body;
    const pl_leg *leg = m->leg_id[0] ? pl_leg_find(pool, m->leg_id) : NULL;
    pl_recfile_row row = {.file_no = rec->n_files + 1,
                          .part = m->part,
                          .kind = (uint32_t)pl_recording_kind_of(m->kind),
                          .started_at = m->started_ms > 0 ? m->started_ms
                                                          : pool->now.wall_ms};
    pl_recfile *file;
    pl_fmt_cut(row.file_id, sizeof row.file_id, "%s-%u", rec->row.recording_id,
               (unsigned)row.file_no);
    PL_SET(row.recording_id, rec->row.recording_id);
    PL_SET(row.path, m->path);
    PL_SET(row.media_node, in->node);
    PL_SET(row.codec, m->codec);
    if (leg) {
        PL_SET(row.participant_id, leg->row.participant_id);
        PL_SET(row.display_name, leg->part->row.display_name);
    }
    if (add(rec, &row, &file)) {
        pl_pool_fail(pool, PL_ENOMEM);
        return NULL;
    }
    return file;
}

/* The database knows signed numbers. */
static uint64_t stored(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : value;
}

void pl_on_recording_file(pl_pool *pool, const pl_bus_in *in)
{
    const pl_recording_file *m = in->body;
    pl_recording *rec = pl_recording_find(pool, m->recording_id);
    pl_recfile *file = rec ? find(rec, in->node, m->path) : NULL;
    if (rec && !file && may_begin(rec, in, m))
        file = begin(pool, rec, in);
    if (!file) {
        pl_pool_count(pool, PL_RM_stale_reports);
        return;
    }
    file->row.duration_ms = stored(m->duration_ms);
    file->row.bytes = stored(m->bytes);
    file->row.lost_ms = stored(m->lost_ms);
    file->row.is_closed = m->is_closed;
    save(pool, file);
}
