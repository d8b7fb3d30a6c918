/* list.h - intrusive doubly linked list with a sentinel head. */
#ifndef PL_LIST_H
#define PL_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct pl_list {
    struct pl_list *next, *prev;
} pl_list;

static inline void pl_list_init(pl_list *head)
{
    head->next = head->prev = head;
}

static inline bool pl_list_is_empty(const pl_list *head)
{
    return head->next == head;
}

static inline void pl_list_append(pl_list *head, pl_list *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

/* Unlink; a node already unlinked (or zeroed) is left alone. */
static inline void pl_list_remove(pl_list *node)
{
    if (!node->next)
        return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = node->prev = NULL;
}

/* The structure that holds `node` as its member. */
#define PL_CONTAINER(node, type, member)                                       \
    ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* NOLINTBEGIN(bugprone-macro-parentheses): `it` is declared here */
#define PL_LIST_EACH(it, head)                                                 \
    for (pl_list *it = (head)->next; it != (head); it = it->next)
/* As above; the current node may be removed. */
#define PL_LIST_EACH_SAFE(it, head)                                            \
    for (pl_list *it = (head)->next, *it##_next = it->next; it != (head);      \
         it = it##_next, it##_next = it->next)
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
