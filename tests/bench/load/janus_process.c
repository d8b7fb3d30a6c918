/* janus_process.c - Debian's Janus as a child. */
#include "janus_process.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"

enum {
    START_MS = 15000,
    STOP_MS = 5000,
    STEP_MS = 20,
    PATH_BYTES = 160,
};

#define PROGRAM "/usr/bin/janus"
/* Where Debian puts its modules on this kind of machine. */
#ifdef __aarch64__
#define MODULES "/usr/lib/aarch64-linux-gnu/janus"
#else
#define MODULES "/usr/lib/x86_64-linux-gnu/janus"
#endif

/* Modules that Debian's package has, without those that are used. */
#define OTHER_PLUGINS                                                          \
    "libjanus_duktape.so,libjanus_echotest.so,libjanus_lua.so,"                \
    "libjanus_nosip.so,libjanus_recordplay.so,libjanus_sip.so,"                \
    "libjanus_streaming.so,libjanus_textroom.so,libjanus_videocall.so,"        \
    "libjanus_videoroom.so,libjanus_voicemail.so"
#define OTHER_TRANSPORTS                                                       \
    "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,"                   \
    "libjanus_rabbitmq.so,libjanus_websockets.so"

bool janus_process_is_there(void)
{
    return access(PROGRAM, X_OK) == 0;
}

bool janus_process_address(char *buf, size_t cap)
{
    struct ifaddrs *all = NULL;
    bool is_found = false;
    if (getifaddrs(&all) != 0)
        return false;
    for (const struct ifaddrs *a = all; a && !is_found; a = a->ifa_next) {
        if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET)
            continue;
        const struct sockaddr_in *in =
            (const struct sockaddr_in *)(const void *)a->ifa_addr;
        is_found = ntohl(in->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET &&
                   inet_ntop(AF_INET, &in->sin_addr, buf, (socklen_t)cap);
    }
    freeifaddrs(all);
    return is_found;
}

static FILE *open_file(const janus_process *j, const char *name)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", j->dir, name);
    FILE *f = fopen(path, "w");
    if (f)
        (void)fchmod(fileno(f), 0600);
    return f;
}

static bool close_file(FILE *f)
{
    bool is_good = !ferror(f);
    return fclose(f) == 0 && is_good;
}

static bool write_core(const janus_process *j, const janus_options *o)
{
    char loops[32] = "";
    char address[INET_ADDRSTRLEN];
    if (!janus_process_address(address, sizeof address)) {
        (void)fprintf(stderr, "janus: this machine has loopback alone\n");
        return false;
    }
    if (o->event_loops)
        (void)snprintf(loops, sizeof loops, "event_loops = %u", o->event_loops);
    FILE *f = open_file(j, "janus.jcfg");
    if (!f)
        return false;
    (void)fprintf(
        f,
        "general: {\n"
        "configs_folder = \"%s\"\nplugins_folder = \"" MODULES "/plugins\"\n"
        "transports_folder = \"" MODULES "/transports\"\n"
        "events_folder = \"" MODULES "/events\"\n"
        "loggers_folder = \"" MODULES "/loggers\"\n"
        "debug_level = 2\nsession_timeout = 0\ninterface = \"127.0.0.1\"\n"
        "%s\n}\n"
        "certificates: {}\n"
        "media: { rtp_port_range = \"%u-%u\" }\n"
        "nat: { nice_debug = false\nice_lite = true\n"
        "ice_enforce_list = \"%s\" }\n"
        "plugins: { disable = \"" OTHER_PLUGINS "\" }\n"
        "transports: { disable = \"" OTHER_TRANSPORTS "\" }\n"
        "loggers: { disable = \"libjanus_jsonlog.so\" }\n",
        j->dir, loops, o->rtp_port, o->rtp_port + o->port_count - 1, address);
    return close_file(f);
}

static bool write_parts(const janus_process *j, const janus_options *o)
{
    FILE *f = open_file(j, "janus.transport.pfunix.jcfg");
    if (!f)
        return false;
    (void)fprintf(f,
                  "general: { enabled = true\njson = \"compact\"\n"
                  "path = \"%s\"\ntype = \"SOCK_SEQPACKET\" }\n"
                  "admin: { admin_enabled = false }\n",
                  j->socket_path);
    if (!close_file(f))
        return false;
    f = open_file(j, "janus.plugin.audiobridge.jcfg");
    if (!f)
        return false;
    unsigned first = o->rtp_port + o->port_count;
    (void)fprintf(f,
                  "general: { rtp_port_range = \"%u-%u\"\n"
                  "local_ip = \"127.0.0.1\" }\n",
                  first, first + o->port_count - 1);
    return close_file(f);
}

bool janus_process_start(janus_process *j, const janus_options *options)
{
    *j = (janus_process){.dir = "/tmp/parley-janus-XXXXXX"};
    if (!janus_process_is_there()) {
        j->dir[0] = '\0';
        (void)fprintf(stderr, "there is no " PROGRAM
                              ": apt-get install janus (Debian's)\n");
        return false;
    }
    if (!folder_make(j->dir)) {
        j->dir[0] = '\0';
        return false;
    }
    (void)snprintf(j->socket_path, sizeof j->socket_path, "%s/api", j->dir);
    if (!write_core(j, options) || !write_parts(j, options))
        return false;
    char log[PATH_BYTES];
    (void)snprintf(log, sizeof log, "%s/log", j->dir);
    const char *const argv[] = {PROGRAM, "-F", j->dir, NULL};
    j->pid = child_start(argv, log, options->core);
    for (long ms = 0; ms < START_MS && child_is_alive(&j->pid); ms += STEP_MS) {
        if (access(j->socket_path, F_OK) == 0)
            return true;
        pause_ms(STEP_MS);
    }
    (void)fprintf(stderr, "janus did not start; its log is %s\n", log);
    return false;
}

void janus_process_stop(janus_process *j)
{
    (void)child_stop(&j->pid, STOP_MS);
    folder_remove(j->dir);
    j->dir[0] = '\0';
}
