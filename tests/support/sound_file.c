/* sound_file.c - pipes from other people's programs. */
#include "sound_file.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const double TURN = 6.283185307179586;
enum { RATE = 48000, CHUNK = 1 << 16 };

static char *run(const char *command, size_t *ret_len, int *ret_status)
{
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    char *bytes = NULL;
    size_t len = 0;
    for (size_t n = 1; n > 0; len += n) {
        bytes = realloc(bytes, len + CHUNK);
        assert_non_null(bytes);
        n = fread(bytes + len, 1, CHUNK - 1, pipe);
    }
    bytes[len] = '\0';
    *ret_status = pclose(pipe);
    *ret_len = len;
    return bytes;
}

static bool is_opus(const char *path)
{
    size_t len = strlen(path);
    return len > 5 && strcmp(path + len - 5, ".opus") == 0;
}

void sound_read(const char *path, sound *ret_sound)
{
    char command[512];
    size_t len = 0;
    int status = 0;
    (void)snprintf(command, sizeof command,
                   is_opus(path)
                       ? "opusdec --quiet --rate 48000 --no-dither '%s' - "
                         "2>/dev/null"
                       : "sox '%s' -t raw -e signed -b 16 -r 48000 -c 1 - "
                         "2>/dev/null",
                   path);
    char *bytes = run(command, &len, &status);
    if (status != 0)
        fail_msg("%s: status %d", command, status);
    ret_sound->pcm = (int16_t *)(void *)bytes;
    ret_sound->n = len / 2;
}

void sound_free(sound *s)
{
    free(s->pcm);
    *s = (sound){.pcm = NULL};
}

double sound_tone(const sound *s, double hz, size_t from_ms, size_t n_ms)
{
    size_t from = from_ms * RATE / 1000;
    size_t n = n_ms * RATE / 1000;
    double re = 0.0;
    double im = 0.0;
    if (from + n > s->n) {
        fail_msg("%zu ms of sound, wanted %zu", s->n * 1000 / RATE,
                 from_ms + n_ms);
    }
    for (size_t i = 0; i < n; i++) {
        double a = TURN * hz * (double)i / RATE;
        re += s->pcm[from + i] / 32768.0 * cos(a);
        im += s->pcm[from + i] / 32768.0 * sin(a);
    }
    return 2.0 * sqrt(re * re + im * im) / (double)n;
}

bool sound_info(const char *path, char *text, size_t cap)
{
    char command[512];
    size_t len = 0;
    int status = 0;
    (void)snprintf(command, sizeof command, "opusinfo '%s' 2>&1", path);
    char *bytes = run(command, &len, &status);
    (void)snprintf(text, cap, "%s", bytes);
    free(bytes);
    return status == 0 && !strstr(text, "WARNING");
}

void folder_make(char *path, size_t cap)
{
    (void)snprintf(path, cap, "/tmp/parley-record-XXXXXX");
    assert_non_null(mkdtemp(path));
}

void folder_remove(const char *path)
{
    char command[512];
    size_t len = 0;
    int status = 0;
    assert_ptr_equal(strstr(path, "/tmp/parley-record-"), path);
    (void)snprintf(command, sizeof command, "rm -r -- '%s'", path);
    free(run(command, &len, &status));
    assert_int_equal(status, 0);
}
