/* test_record_files.c - files of recordings, read by programs that are not
 * ours and by a reader of pages that is written here from the standard. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/au_file.h"
#include "io/codecs.h"
#include "io/ogg_file.h"
#include "io/record_set.h"
#include "sound_file.h"

static const double TURN = 6.283185307179586;
static const double LOUD = 0.3;
enum { FRAMES_S = 50, EVENTS = 64 };

static char folder[64];

static int begin(void **state)
{
    (void)state;
    folder_make(folder, sizeof folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static void path_of(const char *name, char *path, size_t cap)
{
    (void)snprintf(path, cap, "%s/%s", folder, name);
}

static int open_folder(void)
{
    int fd = -1;
    assert_int_equal(pl_record_folder(-100 /* AT_FDCWD */, folder, &fd), PL_OK);
    return fd;
}

/* ---- sound -------------------------------------------------------------- */

typedef struct voice {
    const pl_codec *codec;
    pl_encoder *encoder;
    double hz;
    size_t frame;
    uint8_t data[PL_CODEC_MAX_ENCODED];
    size_t len;
} voice;

static void voice_open(voice *v, pl_codec_kind kind, double hz)
{
    *v = (voice){.codec = pl_codecs.codec[kind], .hz = hz};
    assert_int_equal(
        v->codec->encoder_create(&(pl_encoder_options){.bitrate_bps = 32000},
                                 &v->encoder),
        PL_OK);
}

static void voice_close(voice *v)
{
    v->codec->encoder_destroy(&v->encoder);
}

static void voice_next(voice *v)
{
    float pcm[PL_CODEC_FRAME];
    for (size_t i = 0; i < PL_CODEC_FRAME; i++) {
        double t = (double)(v->frame * PL_CODEC_FRAME + i) / 48000.0;
        pcm[i] = (float)(LOUD * sin(TURN * v->hz * t));
    }
    v->frame++;
    v->len = v->codec->encode(v->encoder, pcm, v->data);
    assert_true(v->len > 0);
}

static void assert_tone(const char *path, double hz, size_t from_ms,
                        size_t n_ms, double amplitude)
{
    sound s;
    sound_read(path, &s);
    double got = sound_tone(&s, hz, from_ms, n_ms);
    sound_free(&s);
    if (fabs(got - amplitude) > 0.1)
        fail_msg("%s: %.0f Hz at %.3f, not %.3f", path, hz, got, amplitude);
}

static size_t length_ms(const char *path)
{
    sound s;
    sound_read(path, &s);
    size_t ms = s.n * 1000 / 48000;
    sound_free(&s);
    return ms;
}

/* ---- pages: RFC 3533 section 6 ------------------------------------------ */

typedef struct pages {
    size_t n, last_at; /* where the last one begins */
    bool has_end;
    int64_t granule, longest; /* samples of one page */
} pages;

static uint32_t crc_of(const uint8_t *p, size_t len)
{
    uint32_t crc = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = i >= 22 && i < 26 ? 0 : p[i]; /* the sum itself */
        crc ^= (uint32_t)byte << 24;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x80000000U ? crc << 1 ^ 0x04c11db7U : crc << 1;
    }
    return crc;
}

static int64_t get_le(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    while (n-- > 0)
        v = v << 8 | p[n];
    return (int64_t)v;
}

static uint8_t *read_file(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    enum { MOST = 1 << 20 };
    uint8_t *bytes = malloc(MOST);
    assert_non_null(bytes);
    *ret_len = fread(bytes, 1, MOST, f);
    (void)fclose(f);
    return bytes;
}

/* Walk all pages; each must be whole. */
static void read_pages(const char *path, pages *ret)
{
    size_t len = 0;
    uint8_t *bytes = read_file(path, &len);
    *ret = (pages){.n = 0};
    for (size_t at = 0; at < len; ret->n++) {
        const uint8_t *p = bytes + at;
        assert_true(len - at >= 27);
        assert_memory_equal(p, "OggS", 4);
        size_t size = 27U + p[26];
        for (size_t i = 0; i < p[26]; i++)
            size += p[27 + i];
        assert_true(size <= len - at);
        assert_int_equal((uint32_t)get_le(p + 22, 4), crc_of(p, size));
        assert_int_equal(get_le(p + 18, 4), ret->n); /* none is missing */
        assert_int_equal(p[5] & 2, ret->n == 0 ? 2 : 0);
        assert_false(ret->has_end);
        ret->has_end = p[5] & 4;
        int64_t granule = get_le(p + 6, 8);
        assert_true(granule >= ret->granule);
        if (granule - ret->granule > ret->longest)
            ret->longest = granule - ret->granule;
        ret->granule = granule;
        ret->last_at = at;
        at += size;
    }
    free(bytes);
}

/* ---- Ogg ---------------------------------------------------------------- */

static pl_record_writer *open_ogg(const char *name)
{
    pl_record_file file;
    pl_record_writer *w = NULL;
    const pl_record_tags tags = {.n = 2, .tag = {"TITLE=a test", "PART=1"}};
    int dir = open_folder();
    assert_int_equal(pl_record_file_create(dir, name, &file), PL_OK);
    assert_int_equal(close(dir), 0);
    assert_int_equal(pl_ogg_file_open(&file, 1, 77, &tags, &w), PL_OK);
    return w;
}

static void put_frames(pl_record_writer *w, voice *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        voice_next(v);
        assert_int_equal(w->ops->put(w, v->data, v->len, 960), PL_OK);
    }
}

static void close_writer(pl_record_writer **w)
{
    uint64_t bytes = 0;
    assert_int_equal((*w)->ops->close(w, &bytes), PL_OK);
    assert_true(bytes > 0);
    assert_null(*w);
}

/* RFC 7845: headers, pages, gaps (section 4.1), end. */
static void ogg_is_read_by_others_and_keeps_time_over_gaps(void **state)
{
    (void)state;
    char path[128];
    char info[4096];
    voice v;
    pages p;
    uint64_t filled = 0;
    path_of("a.opus", path, sizeof path);
    pl_record_writer *w = open_ogg("a.opus");
    voice_open(&v, PL_AUDIO_OPUS, 700);
    put_frames(w, &v, 2 * FRAMES_S);
    assert_int_equal(w->ops->gap(w, 48000 + 120 + 7, &filled), PL_OK);
    assert_int_equal(filled, 48000 + 120); /* in steps of 2.5 ms */
    put_frames(w, &v, 2 * FRAMES_S);
    close_writer(&w);
    voice_close(&v);
    read_pages(path, &p);
    assert_true(p.has_end);
    assert_int_equal(p.granule, 5 * 48000 + 120);
    assert_true(p.longest <= 48000);
    if (!sound_info(path, info, sizeof info))
        fail_msg("%s", info);
    assert_non_null(strstr(info, "TITLE=a test"));
    assert_non_null(strstr(info, "Pre-skip: 3840"));
    assert_int_equal(length_ms(path), 5002 - 80);
    assert_tone(path, 700, 200, 1500, LOUD);
    assert_tone(path, 700, 2400, 400, 0.0); /* concealed, faded out */
    assert_tone(path, 700, 3200, 1500, LOUD);
}

/* Gaps of all lengths in all modes of Opus are packets that decoders take. */
static void gaps_of_any_mode_are_decoded(void **state)
{
    (void)state;
    /* RFC 6716 section 3.1: a packet of each configuration, without a frame */
    char path[128];
    char info[4096];
    path_of("b.opus", path, sizeof path);
    pl_record_writer *w = open_ogg("b.opus");
    uint64_t total = 0;
    for (uint8_t config = 0; config < 32; config++) {
        const uint8_t packet[1] = {(uint8_t)(config << 3)};
        size_t samples = pl_codecs.codec[PL_AUDIO_OPUS]->duration(packet, 1);
        uint64_t filled = 0;
        assert_true(samples > 0);
        assert_int_equal(w->ops->put(w, packet, 1, (uint32_t)samples), PL_OK);
        for (uint64_t gap = 120; gap < 12000; gap += 1080) {
            assert_int_equal(w->ops->gap(w, gap, &filled), PL_OK);
            assert_int_equal(filled, gap);
            total += filled;
        }
        total += samples;
    }
    close_writer(&w);
    pages p;
    read_pages(path, &p);
    assert_int_equal(p.granule, total);
    if (!sound_info(path, info, sizeof info))
        fail_msg("%s", info);
    assert_int_equal(length_ms(path), (total - 3840) / 48);
}

/* Cut anywhere, what was whole before is there: nothing before is rewritten. */
static void a_file_that_was_cut_is_read_up_to_there(void **state)
{
    (void)state;
    char path[128];
    char cut[128];
    voice v;
    size_t len = 0;
    path_of("c.opus", path, sizeof path);
    path_of("cut.opus", cut, sizeof cut);
    pl_record_writer *w = open_ogg("c.opus");
    voice_open(&v, PL_AUDIO_OPUS, 700);
    put_frames(w, &v, 4 * FRAMES_S);
    assert_int_equal(w->ops->flush(w), PL_OK);
    uint8_t *bytes = read_file(path, &len); /* no end was written yet */
    for (size_t at = len; at > len / 3; at -= len / 11) {
        FILE *f = fopen(cut, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, at, f), at);
        assert_int_equal(fclose(f), 0);
        size_t expected = at * 4000 / len;
        size_t ms = length_ms(cut);
        if (ms + 700 < expected || ms > expected + 100)
            fail_msg("%zu of %zu bytes: %zu ms", at, len, ms);
    }
    free(bytes);
    voice_close(&v);
    close_writer(&w);
}

/* ---- Sun audio ---------------------------------------------------------- */

static void write_au(const char *name, pl_codec_kind kind, voice *v)
{
    pl_record_file file;
    pl_record_writer *w = NULL;
    const pl_record_tags tags = {.n = 1, .tag = {"TITLE=a test"}};
    static uint8_t silence[160];
    float zero[PL_CODEC_FRAME] = {0};
    uint64_t filled = 0;
    int dir = open_folder();
    voice_open(v, kind, 700);
    assert_int_equal(v->codec->encode(v->encoder, zero, silence), 160);
    assert_int_equal(pl_record_file_create(dir, name, &file), PL_OK);
    assert_int_equal(close(dir), 0);
    assert_int_equal(
        pl_au_file_open(&file, kind, silence, sizeof silence, &tags, &w),
        PL_OK);
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < 2 * FRAMES_S; i++) {
            voice_next(v);
            assert_int_equal(w->ops->put(w, v->data, v->len, (uint32_t)v->len),
                             PL_OK);
        }
        assert_int_equal(w->ops->gap(w, 8003, &filled), PL_OK);
        assert_int_equal(filled, 8003);
    }
    close_writer(&w);
    voice_close(v);
}

static void telephones_sound_is_read_by_others(void **state)
{
    (void)state;
    static const pl_codec_kind kinds[] = {PL_AUDIO_PCMU, PL_AUDIO_PCMA};
    for (size_t i = 0; i < 2; i++) {
        char path[128];
        voice v;
        const char *name = i == 0 ? "u.au" : "a.au";
        path_of(name, path, sizeof path);
        write_au(name, kinds[i], &v);
        assert_in_range(length_ms(path), 5990, 6010);
        assert_tone(path, 700, 200, 1500, LOUD);
        assert_tone(path, 700, 2100, 800, 0.0);
        assert_tone(path, 700, 3200, 1500, LOUD);
    }
}

/* sox knows no G.722: the header is read here, the sound by spandsp. */
static void wideband_telephones_sound_is_all_there(void **state)
{
    (void)state;
    char path[128];
    voice v;
    size_t len = 0;
    path_of("w.au", path, sizeof path);
    write_au("w.au", PL_AUDIO_G722, &v);
    uint8_t *bytes = read_file(path, &len);
    static const uint8_t fixed[] = {'.', 's', 'n', 'd', 0, 0, 0, 40,
                                    255, 255, 255, 255, 0, 0, 0, 24,
                                    0,   0,   62,  128, 0, 0, 0, 1};
    assert_memory_equal(bytes, fixed, sizeof fixed); /* 24: G.722, 16 kHz */
    assert_string_equal((const char *)bytes + 24, "TITLE=a test\n");
    assert_int_equal(len, 40 + 2 * (16000 + 8003));
    pl_decoder *d = NULL;
    const pl_codec *codec = pl_codecs.codec[PL_AUDIO_G722];
    assert_int_equal(codec->decoder_create(1, &d), PL_OK);
    double sum = 0.0;
    for (size_t at = 0; at < 100; at++) {
        float pcm[PL_CODEC_MAX_DECODED];
        size_t n = 0;
        assert_int_equal(codec->decode(d, bytes + 40 + at * 160, 160, pcm, &n),
                         PL_OK);
        for (size_t i = 0; i < n; i++)
            sum += pcm[i] * pcm[i];
    }
    codec->decoder_destroy(&d);
    free(bytes);
    double rms = sqrt(sum / (100.0 * 960.0));
    assert_true(rms > 0.19 && rms < 0.23); /* 0.3 / sqrt(2) */
}

/* ---- names and folders -------------------------------------------------- */

static void ids_that_are_paths_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ".",
        "..",
        ".x",
        "a/b",
        "../x",
        "a b",
        "a\nb",
        "\xc3\xa4",
        "a:b",
        "0123456789012345678901234567890123456789012345678901234567890123x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(pl_record_is_id(bad[i]));
    assert_true(pl_record_is_id("11111111-1111-4111-8111-111111111111"));
    assert_true(pl_record_is_id("A.b_c-9"));
}

static void nothing_is_overwritten_and_no_link_followed(void **state)
{
    (void)state;
    char path[128];
    pl_record_file file;
    struct stat st;
    int fd = -1;
    int dir = open_folder();
    assert_int_equal(pl_record_folder(dir, "sub", &fd), PL_OK);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 0777 & ~0750U, 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(pl_record_folder(dir, "sub", &fd), PL_OK); /* there */
    assert_int_equal(close(fd), 0);
    path_of("link", path, sizeof path);
    assert_int_equal(symlink("/tmp", path), 0);
    assert_int_equal(pl_record_folder(dir, "link", &fd), PL_EIO);
    assert_int_equal(pl_record_file_create(dir, "link", &file), PL_EEXIST);
    assert_int_equal(pl_record_file_create(dir, "f", &file), PL_OK);
    assert_int_equal(fstat(file.fd, &st), 0);
    assert_int_equal(st.st_mode & 0777 & ~0640U, 0);
    pl_record_file_close(&file);
    assert_int_equal(pl_record_file_create(dir, "f", &file), PL_EEXIST);
    assert_int_equal(close(dir), 0);
}

/* ---- recordings --------------------------------------------------------- */

typedef struct desk {
    pl_record_set *set;
    int dir;
    pl_record_event event[EVENTS];
    size_t n;
} desk;

static const pl_mix_id REC = {0, 5};

static bool leg_name(void *ctx, pl_mix_id leg, char ret_name[PL_RECORD_ID])
{
    (void)ctx;
    (void)snprintf(ret_name, PL_RECORD_ID, "leg-%u", leg.index);
    return leg.index != 9;
}

static void emit(void *ctx, const pl_record_event *event)
{
    desk *d = ctx;
    assert_true(d->n < EVENTS);
    d->event[d->n++] = *event;
}

static void desk_open(desk *d, uint32_t min_free_mib)
{
    *d = (desk){.dir = open_folder()};
    const pl_record_set_options o = {.dir_fd = d->dir,
                                     .max_recordings = 2,
                                     .max_legs = 10,
                                     .min_free_mib = min_free_mib,
                                     .codecs = &pl_codecs,
                                     .leg_name = leg_name,
                                     .emit = emit,
                                     .ctx = d};
    assert_int_equal(pl_record_set_create(&o, &d->set), PL_OK);
    const pl_record_task task = {.id = REC,
                                 .room_id = "room",
                                 .recording_id = "rec",
                                 .part = 3,
                                 .channels = 1};
    pl_record_set_begin(d->set, &task, 0, 1700000000000000);
}

static void desk_close(desk *d)
{
    pl_record_set_destroy(&d->set);
    assert_int_equal(close(d->dir), 0);
}

static const pl_record_event *last_of(const desk *d, pl_record_event_kind kind,
                                      const char *path)
{
    for (size_t i = d->n; i-- > 0;) {
        if (d->event[i].kind == kind &&
            (!path || strcmp(d->event[i].u.file.path, path) == 0))
            return &d->event[i];
    }
    return NULL;
}

static void say(desk *d, voice *v, uint32_t leg, uint32_t xseq, int64_t at_ms)
{
    uint32_t step = v->codec->clock_hz / FRAMES_S;
    voice_next(v);
    const pl_record_head h = {.recording = REC,
                              .leg = {leg, 1},
                              .at_us = at_ms * 1000,
                              .ssrc = 4711 + leg,
                              .xseq = xseq,
                              .ts = xseq * step,
                              .len = (uint16_t)v->len,
                              .kind = PL_RECORD_STEM,
                              .codec = (uint8_t)v->codec->kind};
    pl_record_set_take(d->set, &h, v->data, at_ms * 1000);
    pl_record_set_due(d->set, at_ms * 1000);
}

static void mix(desk *d, voice *v, int64_t at_ms)
{
    voice_next(v);
    const pl_record_head h = {.recording = REC,
                              .at_us = at_ms * 1000,
                              .len = (uint16_t)v->len,
                              .kind = PL_RECORD_MIX,
                              .codec = PL_AUDIO_OPUS};
    pl_record_set_take(d->set, &h, v->data, at_ms * 1000);
}

/* A mix of 3 s, a voice that comes after 1 s, changes its codec and goes. */
static void files_say_when_they_began_and_how_long_they_are(void **state)
{
    (void)state;
    desk d;
    voice room;
    voice browser;
    voice phone;
    desk_open(&d, 0);
    assert_int_equal(d.event[0].kind, PL_RECORD_OPENED);
    voice_open(&room, PL_AUDIO_OPUS, 500);
    voice_open(&browser, PL_AUDIO_OPUS, 900);
    voice_open(&phone, PL_AUDIO_PCMA, 1300);
    for (uint32_t i = 0; i < 150; i++) {
        mix(&d, &room, 20 * i);
        if (i >= 50 && i < 100)
            say(&d, &browser, 4, 1000 + i, 20 * i);
        if (i >= 100)
            say(&d, &phone, 4, 1000 + i, 20 * i);
        say(&d, &phone, 9, i, 20 * i); /* has no name: not written */
    }
    pl_record_set_leg_gone(d.set, (pl_mix_id){4, 1}, 3000000);
    const pl_record_event *e = last_of(&d, PL_RECORD_FILE, "rec/3-leg-4.opus");
    assert_non_null(e);
    assert_true(e->u.file.is_closed);
    assert_int_equal(e->u.file.kind, PL_RECORDING_KIND_STEM);
    assert_string_equal(e->u.file.leg_id, "leg-4");
    assert_int_equal(e->u.file.started_ms, 1700000000000 + 1000 + 73);
    assert_int_equal(e->u.file.duration_ms, 1000 - 80);
    e = last_of(&d, PL_RECORD_FILE, "rec/3-leg-4-2.au");
    assert_non_null(e);
    assert_int_equal(e->u.file.codec, PL_AUDIO_PCMA);
    assert_int_equal(e->u.file.started_ms, 1700000000000 + 2000);
    assert_int_equal(e->u.file.duration_ms, 1000);
    pl_record_set_end(d.set, REC, 3000000);
    assert_int_equal(d.event[d.n - 1].kind, PL_RECORD_CLOSED);
    e = last_of(&d, PL_RECORD_FILE, "rec/3-mix.opus");
    assert_non_null(e);
    assert_int_equal(e->u.file.duration_ms, 3000 - 80);
    char path[128];
    struct stat st;
    path_of("rec/3-mix.opus", path, sizeof path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(e->u.file.bytes, st.st_size);
    assert_tone(path, 500, 500, 2000, LOUD);
    path_of("rec/3-leg-4-2.au", path, sizeof path);
    assert_tone(path, 1300, 100, 800, LOUD);
    desk_close(&d);
    voice_close(&room);
    voice_close(&browser);
    voice_close(&phone);
}

/* What a player shall make of it, whatever the first packet is. */
static void a_stereo_room_has_a_stereo_file(void **state)
{
    (void)state;
    desk d;
    voice v;
    char path[128];
    char info[4096];
    desk_open(&d, 0);
    const pl_record_task task = {.id = {1, 6},
                                 .room_id = "room",
                                 .recording_id = "wide",
                                 .part = 1,
                                 .channels = 2};
    pl_record_set_begin(d.set, &task, 0, 0);
    voice_open(&v, PL_AUDIO_OPUS, 500);
    voice_next(&v);
    const pl_record_head h = {.recording = task.id,
                              .len = (uint16_t)v.len,
                              .kind = PL_RECORD_MIX,
                              .codec = PL_AUDIO_OPUS};
    pl_record_set_take(d.set, &h, v.data, 0);
    desk_close(&d);
    voice_close(&v);
    path_of("wide/1-mix.opus", path, sizeof path);
    (void)sound_info(path, info, sizeof info);
    assert_non_null(strstr(info, "Channels: 2"));
}

static void a_leg_that_comes_again_has_another_file(void **state)
{
    (void)state;
    desk d;
    voice v;
    desk_open(&d, 0);
    voice_open(&v, PL_AUDIO_PCMU, 900);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 20; i++)
            say(&d, &v, 1, i, 1000 * round + 20 * i);
        pl_record_set_leg_gone(d.set, (pl_mix_id){1, 1}, 1000000 * round);
    }
    assert_null(last_of(&d, PL_RECORD_FAILED, NULL));
    assert_non_null(last_of(&d, PL_RECORD_FILE, "rec/3-leg-1.au"));
    assert_non_null(last_of(&d, PL_RECORD_FILE, "rec/3-leg-1-2.au"));
    assert_non_null(last_of(&d, PL_RECORD_FILE, "rec/3-leg-1-3.au"));
    desk_close(&d);
    voice_close(&v);
}

/* Lost, doubled, overtaking: the file is as long as the sound was. */
static void a_bad_network_leaves_the_time_right(void **state)
{
    (void)state;
    desk d;
    voice v;
    char path[128];
    char info[4096];
    desk_open(&d, 0);
    voice_open(&v, PL_AUDIO_OPUS, 900);
    for (uint32_t i = 0; i < 250; i += 2) {
        say(&d, &v, 1, i + 1, 20 * i + 25); /* in pairs, second first */
        if (i % 20 != 8)
            say(&d, &v, 1, i, 20 * i + 30); /* one of twenty is lost */
        say(&d, &v, 1, i + 1, 20 * i + 35); /* and some come twice */
    }
    pl_record_set_end(d.set, REC, 5100000);
    const pl_record_event *e = last_of(&d, PL_RECORD_FILE, NULL);
    assert_in_range(e->u.file.duration_ms, 4890, 4930);
    path_of("rec/3-leg-1.opus", path, sizeof path);
    if (!sound_info(path, info, sizeof info))
        fail_msg("%s", info);
    desk_close(&d);
    voice_close(&v);
}

/* A leg that was silent for an hour begins another file. */
static void long_gaps_are_not_written(void **state)
{
    (void)state;
    desk d;
    voice v;
    desk_open(&d, 0);
    voice_open(&v, PL_AUDIO_PCMU, 900);
    for (uint32_t i = 0; i < 50; i++)
        say(&d, &v, 1, i, 20 * i);
    for (uint32_t i = 50; i < 100; i++)
        say(&d, &v, 1, i + 180000, 20 * (i + 180000));
    pl_record_set_end(d.set, REC, 3700000000);
    const pl_record_event *e = last_of(&d, PL_RECORD_FILE, "rec/3-leg-1-2.au");
    assert_non_null(e);
    assert_int_equal(e->u.file.duration_ms, 1000);
    assert_int_equal(e->u.file.started_ms, 1700000000000 + 3601000);
    desk_close(&d);
    voice_close(&v);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The disk takes no more: said, with what to do, and what was written stays. */
static void a_full_disk_ends_the_recording(void **state)
{
    (void)state;
    desk d;
    voice v;
    char path[128];
    pages p;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    desk_open(&d, 0);
    voice_open(&v, PL_AUDIO_OPUS, 500);
    limit_files(9000);
    for (uint32_t i = 0; i < 250; i++)
        mix(&d, &v, 20 * i);
    limit_files(RLIM_INFINITY);
    const pl_record_event *e = last_of(&d, PL_RECORD_FAILED, NULL);
    assert_non_null(e);
    assert_string_equal(e->u.reason, "recordings_dir: File too large; make "
                                     "room there, start again");
    assert_true(last_of(&d, PL_RECORD_FILE, NULL)->u.file.is_closed);
    path_of("rec/3-mix.opus", path, sizeof path);
    read_pages(path, &p); /* no torn page */
    assert_true(p.granule > 48000);
    assert_tone(path, 500, 100, 500, LOUD);
    pl_record_set_end(d.set, REC, 6000000);
    assert_int_equal(d.event[d.n - 1].kind, PL_RECORD_CLOSED);
    desk_close(&d);
    voice_close(&v);
}

static void little_free_space_is_refused_with_what_to_do(void **state)
{
    (void)state;
    desk d;
    desk_open(&d, 1000000000);
    assert_int_equal(d.event[0].kind, PL_RECORD_FAILED);
    assert_non_null(strstr(d.event[0].u.reason, "recordings_min_free_mib"));
    pl_record_set_end(d.set, REC, 0);
    assert_int_equal(d.event[1].kind, PL_RECORD_CLOSED);
    desk_close(&d);
}

/* The same part again would overwrite: it fails, and the file is untouched. */
static void a_part_is_never_written_twice(void **state)
{
    (void)state;
    desk d;
    voice v;
    voice_open(&v, PL_AUDIO_OPUS, 500);
    for (size_t round = 0; round < 2; round++) {
        desk_open(&d, 0);
        for (uint32_t i = 0; i < 100; i++)
            mix(&d, &v, 20 * i);
        const pl_record_event *e = last_of(&d, PL_RECORD_FAILED, NULL);
        assert_true((round == 1) == (e != NULL));
        if (e)
            assert_non_null(strstr(e->u.reason, "written before"));
        desk_close(&d);
    }
    voice_close(&v);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(ogg_is_read_by_others_and_keeps_time_over_gaps),
        TEST(gaps_of_any_mode_are_decoded),
        TEST(a_file_that_was_cut_is_read_up_to_there),
        TEST(telephones_sound_is_read_by_others),
        TEST(wideband_telephones_sound_is_all_there),
        TEST(ids_that_are_paths_are_refused),
        TEST(nothing_is_overwritten_and_no_link_followed),
        TEST(files_say_when_they_began_and_how_long_they_are),
        TEST(a_stereo_room_has_a_stereo_file),
        TEST(a_leg_that_comes_again_has_another_file),
        TEST(a_bad_network_leaves_the_time_right),
        TEST(long_gaps_are_not_written),
        TEST(a_full_disk_ends_the_recording),
        TEST(little_free_space_is_refused_with_what_to_do),
        TEST(a_part_is_never_written_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
