/* load_system.c - the four processes of a benchmark. */
#include "load_system.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "load/child.h"

enum {
    PATH_BYTES = 512,
    START_MS = 20000,
    STOP_MS = 20000,
    PAUSE_MS = 50,
    RTP_PORT_MIN = 44000,
    RTP_PORT_MAX = 59999,
    WEBRTC_PORTS = 60, /* of siblings, behind what benchmarks use */
    N_WEBRTC_PORTS = 30,
};

/* The first four are always there. */
static const char *const NODES[] = {"roompool", "media-1",     "signaling-1",
                                    "api-1",    "signaling-2", "media-2"};
enum { NODES_ALWAYS = 4, N_NODES = sizeof NODES / sizeof NODES[0] };

static bool has_node(const load_system *s, size_t n)
{
    return n < NODES_ALWAYS || (n == NODES_ALWAYS && s->has_second) ||
           (n == NODES_ALWAYS + 1 && s->has_siblings);
}

static bool is_free(unsigned port, int type)
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type, 0);
    bool is_good =
        fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof at) == 0;
    if (fd >= 0)
        (void)close(fd);
    return is_good;
}

static unsigned find_ports(void)
{
    for (unsigned base = 30000; base < 32000; base += 100) {
        if (is_free(base, SOCK_STREAM) && is_free(base + 1, SOCK_STREAM) &&
            is_free(base + 1, SOCK_DGRAM) && is_free(base + 2, SOCK_DGRAM) &&
            is_free(base + 3, SOCK_STREAM) && is_free(base + 3, SOCK_DGRAM))
            return base;
    }
    return 0;
}

static FILE *open_file(const load_system *s, const char *name)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", s->dir, name);
    FILE *f = fopen(path, "w");
    if (f)
        (void)fchmod(fileno(f), 0600);
    return f;
}

static bool close_file(FILE *f)
{
    bool is_good = f && !ferror(f);
    return f && fclose(f) == 0 && is_good;
}

static const char *or_none(const char *text)
{
    return text ? text : "";
}

static bool write_nodes(const load_system *s)
{
    FILE *f = open_file(s, "nodes");
    if (!f)
        return false;
    (void)fprintf(f, "roompool parley-roompool\n");
    for (unsigned i = 1; i <= (s->has_siblings ? 2 : 1); i++) {
        (void)fprintf(f,
                      "media-%u parley-media --webrtc_port=%u"
                      " --webrtc_ports=%u --rtp_port_min=%u"
                      " --rtp_port_max=%u\n",
                      i, s->port + (s->has_siblings ? WEBRTC_PORTS : 2),
                      s->has_siblings ? N_WEBRTC_PORTS : 1, RTP_PORT_MIN,
                      RTP_PORT_MAX);
    }
    for (unsigned i = 0; i < (s->has_second ? 2 : 1); i++) {
        unsigned port = s->port + (i ? 3 : 1);
        (void)fprintf(f,
                      "signaling-%u parley-signaling"
                      " --udp_listen=127.0.0.1:%u --tcp_listen=127.0.0.1:%u\n",
                      i + 1, port, port);
    }
    (void)fprintf(f, "api-1 parley-api --port=%u --listen=127.0.0.1\n",
                  s->port);
    return close_file(f);
}

static bool write_config(const load_system *s, const load_system_options *o)
{
    FILE *f = open_file(s, "parley.conf");
    if (!f)
        return false;
    (void)fprintf(
        f,
        "[common]\nbus = ipc://var/run/bus\nrun_dir = var/run\n"
        "beats_missed = 20\ndrain_ms = 1000\nlog_level = %s\n"
        "[roompool]\ndatabase = var/parley.db\nmax_conferences = 100000\n"
        "max_sessions = 100000\nmax_sessions_per_user = 1000\n"
        "max_invitations = 1000\nmax_polls = 100000\n%s"
        "[api]\nweb_dir = %s/web\nopenapi = %s/api-frontend/openapi.json\n"
        "issuer = https://localhost:%u\nmax_connections = 18000\n"
        "max_per_address = 18000\npoll_ms = 30000\nhead_ms = 60000\n%s"
        "[signaling]\noutbound_allow = 127.0.0.0/8\n%s"
        "[media]\nprompts_dir = %s/media-worker/prompts\nmax_legs = 100000\n"
        "max_rooms = 100000\nbind_address = 127.0.0.1\n"
        "announce_address = 127.0.0.1\nannounce_loopback = true\n%s%s",
        o->log_level ? o->log_level : "warn", or_none(o->roompool),
        PL_BENCH_ROOT, PL_BENCH_ROOT, s->port, or_none(o->api),
        or_none(o->signaling), PL_BENCH_ROOT, or_none(o->media),
        or_none(o->more));
    return close_file(f);
}

static bool write_lines(const load_system *s, const load_system_options *o)
{
    FILE *f = o->number ? open_file(s, "lines") : NULL;
    if (f) {
        (void)fprintf(f,
                      "%s account domain=localhost password=Secret "
                      "registrar=sip:127.0.0.1:%u\n",
                      o->number, s->port + LOAD_REGISTRAR_PORT);
    }
    return !o->number || close_file(f);
}

static bool write_files(load_system *s, const load_system_options *o)
{
    s->has_second = o->with_second;
    s->has_siblings = o->with_siblings;
    return write_nodes(s) && write_config(s, o) && write_lines(s, o);
}

static void run_supervisor(const load_system *s, unsigned slow_disk_ms)
{
    char nodes[PATH_BYTES];
    char config[PATH_BYTES];
    char log[PATH_BYTES];
    (void)snprintf(nodes, sizeof nodes, "%s/nodes", s->dir);
    (void)snprintf(config, sizeof config, "%s/parley.conf", s->dir);
    (void)snprintf(log, sizeof log, "%s/supervise.log", s->dir);
    if (!freopen(log, "w", stdout) || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
        _exit(70);
    char ms[16];
    (void)snprintf(ms, sizeof ms, "%u", slow_disk_ms);
    if (slow_disk_ms > 0 && (setenv("SLOW_DISK_MS", ms, 1) != 0 ||
                             setenv("LD_PRELOAD", PL_BENCH_SLOW_DISK, 1) != 0))
        _exit(70);
    (void)execl(PL_BENCH_ROOT "/tools/supervise", "supervise", "--bin",
                PL_BENCH_BIN, "--nodes", nodes, "--config", config, "--dir",
                s->dir, (char *)NULL);
    _exit(69);
}

static bool is_ready(const load_system *s, const char *node)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/var/run/%s.ready", s->dir, node);
    return access(path, F_OK) == 0;
}

static bool wait_ready(const load_system *s)
{
    size_t n = 0;
    for (long ms = 0; ms < START_MS; ms += PAUSE_MS) {
        if (waitpid(s->supervisor, NULL, WNOHANG) != 0)
            break;
        while (n < N_NODES && (!has_node(s, n) || is_ready(s, NODES[n])))
            n++;
        if (n == N_NODES)
            return true;
        pause_ms(PAUSE_MS);
    }
    (void)fprintf(stderr, "%s is not ready; logs are in %s/var/log\n",
                  n < N_NODES ? NODES[n] : "a process", s->dir);
    return false;
}

static bool read_client(load_system *s)
{
    char path[PATH_BYTES];
    char line[256];
    (void)snprintf(path, sizeof path, "%s/var/dev-client.env", s->dir);
    FILE *f = fopen(path, "r");
    if (!f)
        return false;
    while (fgets(line, sizeof line, f)) {
        (void)sscanf(line, "CLIENT_ID=%127s", s->client_id);
        (void)sscanf(line, "CLIENT_SECRET=%127s", s->client_secret);
    }
    (void)fclose(f);
    return s->client_id[0] && s->client_secret[0];
}

bool load_system_start(load_system *s, const load_system_options *options)
{
    *s = (load_system){.dir = "/tmp/parley-bench-XXXXXX"};
    s->port = find_ports();
    if (!s->port || !folder_make(s->dir) || !write_files(s, options)) {
        (void)fprintf(stderr, "no folder or ports for the benchmark\n");
        return false;
    }
    (void)fflush(NULL); /* or the child prints it once more */
    s->supervisor = fork();
    if (s->supervisor == 0)
        run_supervisor(s, options->slow_disk_ms);
    return s->supervisor > 0 && wait_ready(s) && read_client(s);
}

void load_system_stop(load_system *s)
{
    bool is_gone = s->supervisor <= 0;
    if (!is_gone)
        (void)kill(s->supervisor, SIGTERM);
    for (long ms = 0; !is_gone && ms < STOP_MS; ms += PAUSE_MS) {
        is_gone = waitpid(s->supervisor, NULL, WNOHANG) != 0;
        if (!is_gone)
            pause_ms(PAUSE_MS);
    }
    if (!is_gone) { /* its processes end with it */
        (void)kill(s->supervisor, SIGKILL);
        (void)waitpid(s->supervisor, NULL, 0);
    }
    folder_remove(s->dir);
}

long load_system_sql(const load_system *s, const char *sql)
{
    char path[PATH_BYTES];
    sqlite3 *db = NULL;
    sqlite3_stmt *rows = NULL;
    long n = -1;
    (void)snprintf(path, sizeof path, "%s/var/parley.db", s->dir);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(db, START_MS) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &rows, NULL) == SQLITE_OK &&
        sqlite3_step(rows) == SQLITE_ROW)
        n = (long)sqlite3_column_int64(rows, 0);
    if (n < 0)
        (void)fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
    (void)sqlite3_finalize(rows);
    (void)sqlite3_close(db);
    return n;
}

long load_system_pid(const load_system *s, const char *node)
{
    char path[PATH_BYTES];
    long pid = 0;
    (void)snprintf(path, sizeof path, "%s/var/run/%s.pid", s->dir, node);
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    if (fscanf(f, "%ld", &pid) != 1)
        pid = 0;
    (void)fclose(f);
    return pid;
}

load_usage load_system_usage(const load_system *s, const char *node)
{
    load_usage usage = {0};
    char path[64];
    char line[512];
    long pid = load_system_pid(s, node);
    (void)snprintf(path, sizeof path, "/proc/%ld/status", pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        (void)sscanf(line, "VmRSS: %ld", &usage.rss_kib);
    if (f)
        (void)fclose(f);
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    f = fopen(path, "r");
    unsigned long user = 0;
    unsigned long kernel = 0;
    if (f && fgets(line, sizeof line, f) && strrchr(line, ')'))
        (void)sscanf(strrchr(line, ')') + 2,
                     "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                     &user, &kernel);
    if (f)
        (void)fclose(f);
    usage.cpu_s = (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
    return usage;
}
