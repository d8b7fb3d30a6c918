/* links.c - RTM_GETLINK: name, kind and bridge of each interface. */
#include "io/links.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "pl/str.h"

enum { LINKS_MAX = 8192, ANSWER_BYTES = 32768, WAIT_S = 1, TRIES = 3 };

typedef struct answer {
    pl_link *list;
    size_t n, cap;
    bool is_over;
} answer;

/* Attributes that are left to read. */
typedef struct attrs {
    char *at;
    size_t left;
} attrs;

static struct rtattr *next_attr(attrs *s)
{
    struct rtattr *a = (void *)s->at;
    if (s->left < sizeof *a || a->rta_len < sizeof *a || a->rta_len > s->left)
        return NULL;
    size_t step = RTA_ALIGN((size_t)a->rta_len);
    if (step > s->left)
        step = s->left;
    s->at += step;
    s->left -= step;
    return a;
}

static void take_text(struct rtattr *a, char text[PL_LINK_NAME])
{
    pl_fmt_cut(text, PL_LINK_NAME, "%.*s", (int)RTA_PAYLOAD(a),
               (const char *)RTA_DATA(a));
}

static void take_kind(struct rtattr *info, pl_link *link)
{
    attrs rest = {.at = RTA_DATA(info), .left = RTA_PAYLOAD(info)};
    for (struct rtattr *a = next_attr(&rest); a; a = next_attr(&rest)) {
        if (a->rta_type == IFLA_INFO_KIND)
            take_text(a, link->kind);
    }
}

static pl_err take_link(struct nlmsghdr *m, answer *all)
{
    if (m->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
        return PL_EIO;
    if (all->n == LINKS_MAX)
        return PL_EFULL;
    if (all->n == all->cap) {
        size_t cap = all->cap ? all->cap * 2 : 64;
        pl_link *more = realloc(all->list, cap * sizeof *more);
        if (!more)
            return PL_ENOMEM;
        all->list = more;
        all->cap = cap;
    }
    struct ifinfomsg *head = NLMSG_DATA(m);
    pl_link *link = &all->list[all->n++];
    *link = (pl_link){.index = (unsigned)head->ifi_index};
    attrs rest = {.at = (char *)IFLA_RTA(head), .left = IFLA_PAYLOAD(m)};
    for (struct rtattr *a = next_attr(&rest); a; a = next_attr(&rest)) {
        if (a->rta_type == IFLA_IFNAME) {
            take_text(a, link->name);
        } else if (a->rta_type == IFLA_MASTER &&
                   RTA_PAYLOAD(a) == sizeof link->master) {
            memcpy(&link->master, RTA_DATA(a), sizeof link->master);
        } else if (a->rta_type == IFLA_LINKINFO) {
            take_kind(a, link);
        }
    }
    return PL_OK;
}

static pl_err take_messages(char *data, size_t n, answer *all)
{
    pl_err e = PL_OK;
    unsigned left = (unsigned)n;
    for (struct nlmsghdr *m = (void *)data; e == PL_OK && NLMSG_OK(m, left);
         m = NLMSG_NEXT(m, left)) {
        if (m->nlmsg_type == NLMSG_DONE) {
            all->is_over = true;
        } else if (m->nlmsg_type == NLMSG_ERROR ||
                   (m->nlmsg_flags & NLM_F_DUMP_INTR)) {
            e = PL_EIO; /* refused; or it changed while it was told */
        } else if (m->nlmsg_type == RTM_NEWLINK) {
            e = take_link(m, all);
        }
    }
    return e;
}

static pl_err ask(int fd, char *data, answer *all)
{
    const struct {
        struct nlmsghdr head;
        struct ifinfomsg body;
    } question = {.head = {.nlmsg_len = sizeof question,
                           .nlmsg_type = RTM_GETLINK,
                           .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
                  .body = {.ifi_family = AF_UNSPEC}};
    const struct timeval wait = {.tv_sec = WAIT_S};
    pl_err e = PL_OK;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    if (send(fd, &question, sizeof question, 0) != (ssize_t)sizeof question)
        return PL_EIO;
    while (e == PL_OK && !all->is_over) {
        ssize_t n = recv(fd, data, ANSWER_BYTES, MSG_TRUNC);
        e = n > 0 && n <= ANSWER_BYTES ? take_messages(data, (size_t)n, all)
                                       : PL_EIO;
    }
    return e;
}

static pl_err read_once(char *data, answer *ret)
{
    answer all = {.n = 0};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return PL_EIO;
    pl_err e = ask(fd, data, &all);
    (void)close(fd);
    if (e != PL_OK) {
        free(all.list);
        return e;
    }
    *ret = all;
    return PL_OK;
}

pl_err pl_links_read(pl_link **ret_list, size_t *ret_n)
{
    answer all = {.n = 0};
    char *data = malloc(ANSWER_BYTES); /* aligned for any header */
    if (!data)
        return PL_ENOMEM;
    pl_err e = PL_EIO;
    for (int i = 0; i < TRIES && e == PL_EIO; i++)
        e = read_once(data, &all);
    free(data);
    if (e == PL_OK) {
        *ret_list = all.list;
        *ret_n = all.n;
    }
    return e;
}
