/* test_record_files.c - files of recordings, read by programs that are not
 * ours and by a reader of pages that is written here from the standard. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/au_file.h"
#include "io/codecs.h"
#include "io/ogg_file.h"
#include "record_rig.h"
#include "sound_file.h"

enum { FRAMES_S = 50 };

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

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, record_begin, record_end)
    const struct CMUnitTest tests[] = {
        TEST(ogg_is_read_by_others_and_keeps_time_over_gaps),
        TEST(gaps_of_any_mode_are_decoded),
        TEST(a_file_that_was_cut_is_read_up_to_there),
        TEST(telephones_sound_is_read_by_others),
        TEST(wideband_telephones_sound_is_all_there),
        TEST(ids_that_are_paths_are_refused),
        TEST(nothing_is_overwritten_and_no_link_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
