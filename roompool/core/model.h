/* model.h - the objects of the brain as its own modules see them. Each holds
 * its stored row; what is beside the row is rebuilt after a restart. */
#ifndef PL_ROOMPOOL_MODEL_H
#define PL_ROOMPOOL_MODEL_H

#include "agenda.h"
#include "join_guard.h"
#include "numbers.h"
#include "op.h"
#include "outbox.h"
#include "pin_guard.h"
#include "pl/list.h"
#include "pl/map.h"
#include "pl/sm.h"
#include "pool.h"
#include "quality.h"

typedef struct pl_conf pl_conf;
typedef struct pl_part pl_part;
typedef struct pl_leg pl_leg;
typedef struct pl_call pl_call;
typedef struct pl_recording pl_recording;
typedef struct pl_alias pl_alias;
typedef struct pl_vmr pl_vmr;
typedef struct pl_vmrs pl_vmrs;
typedef struct pl_videos pl_videos;
typedef struct pl_subscrs pl_subscrs;
typedef struct pl_relays pl_relays;
typedef struct pl_regs pl_regs;
typedef struct pl_lines pl_lines;
typedef struct pl_ops pl_ops;

/* One stored event. */
typedef struct pl_event {
    pl_list link;
    pl_event_row row;
    uint8_t *sdp; /* owned bytes of row.sdp */
} pl_event;

/* The one parked poll of a reader. */
typedef struct pl_poll {
    bool is_parked;
    pl_bus_ticket ticket;
    uint64_t after_seq;
    pl_task timeout;
} pl_poll;

typedef struct pl_room {
    pl_room_row row;
    pl_conf *conf;      /* live one, or NULL */
    bool is_configured; /* seen in the configuration of this start */
    pl_vmr *vmr;        /* where its life is, of one of the pool; see vmr.h */
    pl_list aliases;    /* room_alias.h */
    pl_list settings;   /* room_setting.h */
    pl_list autos;      /* room_auto.h */
    struct pl_room *next_same; /* of the same name, but for case */
} pl_room;

enum { PL_N_KEYED = 8 };

struct pl_conf {
    pl_conf_row row;
    pl_room *room;
    pl_list parts; /* pl_part.link, in order of arrival, left ones too */
    unsigned n_live, n_left;
    pl_list events; /* pl_event.link, rows of the conference's stream */
    unsigned n_events;
    uint64_t last_seq;
    pl_task talk, purge, replace;
    pl_task hostless, alone; /* host_timers.h */
    int64_t talk_us;         /* last time speakers were told */
    uint64_t talk_version;
    char failed_node[PL_NODE_MAX + 1]; /* avoid this one */
    uint32_t n_owed;         /* legs that had media there, until all are back */
    bool has_ringback;       /* a call: the caller has been played the tone */
    pl_list devcalls;        /* of devices: pl_devcall.conf_link */
    pl_recording *recording; /* the one that runs, or NULL; recording.h */
    unsigned n_recordings;   /* so far */
    /* Heard by all; room_sound.h. */
    char announcing[PL_PROMPT_NAME_MAX + 1]; /* "" nothing */
    char played[PL_PROMPT_NAME_MAX + 1];     /* for a host, "" nothing */
    bool is_played_loop;
    uint64_t n_sounds; /* that were sent to the media worker */
    bool has_music;    /* for who is alone */
    /* The log says that the media worker lacks these prompts of the room. */
    bool told_no_music, told_no_welcome;
    bool is_sound_unknown; /* loaded, and its worker not back yet */
};

struct pl_part {
    pl_part_row row;
    pl_list link;
    pl_conf *conf;
    pl_list legs; /* pl_leg.link; one, or one per ringing session */
    pl_call *call;
    /* Reading the roster. */
    pl_poll poll;
    bool has_reader;
    pl_list sync; /* pl_event.link: opening roster still to be read */
    uint64_t talk_seen;
    /* Speaking, as told to readers at talk_version. */
    bool is_talking, told_talking;
    uint32_t level;
    uint64_t talk_version;
    /* Keying a PIN. */
    char digits[24];
    unsigned n_digits, n_tries;
    uint32_t digit_source; /* 1 RTP, 2 INFO: the first that was used */
    int64_t pin_until_us;
    bool is_goodbye;               /* last prompt plays, then the call ends */
    char answering[PL_ID_MAX + 1]; /* leg whose session was first */
    pl_quality quality;            /* of its legs so far */
    bool is_welcomed;
    bool is_owed_notice; /* that it is being recorded; room_sound.h */
    /* Speaking, as it is written down; talk_interval.h. "" not. */
    char talk_id[37];
    int64_t talk_began;
    /* Commands of a host; command_key.h. */
    char keyed[PL_N_KEYED];
    size_t n_keyed;
    int64_t keyed_us;
    pl_task wait;        /* longest time in the waiting room */
    pl_task again;       /* auto_dial.h */
    uint64_t hidden_seq; /* events up to it were not for who waited */
    /* Transfer: a spare seat holds the leg that a party of another call is
     * offered; both know each other while it is undecided. */
    bool is_spare;
    char partner[PL_ID_MAX + 1];
    char joins[PL_ID_MAX + 1]; /* its other seat, which goes too */
    /* successor.h: its REFER is under way; whose REFER it is called for. */
    bool is_referring;
    bool is_sent_away; /* our REFER is under way */
    struct pl_referral *referral;
    int64_t quiet_us; /* a page without call and reader since then; 0 no */
    pl_task timer;    /* ringing, PIN entry, token expiry, or final purge */
};

struct pl_leg {
    pl_leg_row row;
    pl_list link;
    pl_list sess_link; /* in the legs of its session, if it has one */
    pl_list lost_link; /* among those that were lost just now */
    pl_part *part;
    struct pl_snapshot *snapshot; /* handover.h; NULL none */
    bool is_importing;   /* another worker was asked to go on with it */
    bool is_pending;     /* a negotiation is under way */
    bool is_negotiated;  /* has been once */
    bool is_unconfirmed; /* its worker's inventory has not named it */
    bool is_answered;    /* its peer took up our offer of it, or may have */
    bool told_hold;      /* its peer was offered that the other side holds */
    unsigned n_busy;     /* our offers refused for one of the peer's */
    /* What it is played since the start of this process, "" nothing. */
    char playing[PL_PROMPT_NAME_MAX + 1];
    bool is_playing_loop;
    pl_leg_quality quality;
    pl_task timer; /* our offer waits for accept, or for its next try */
};

/* What another signaling worker needs to go on with a call; adoption.h. */
typedef struct pl_saved {
    char node[PL_NODE_MAX + 1];
    uint64_t version;
    size_t len;
    char text[];
} pl_saved;

struct pl_call {
    pl_call_row row;
    pl_part *part;
    pl_list gone_link;   /* among those that their worker lost just now */
    bool is_answer_sent; /* incoming: our 200 is out */
    bool is_answered;    /* outgoing: its answer has been applied */
    bool is_unconfirmed;
    bool expects_answer; /* our offer is out; the ACK brings its answer */
    uint8_t *sdp;        /* owned; incoming: for the 200 once a user answers;
                            outgoing: the answer, of a 183 or the 200 */
    size_t sdp_len;
    bool is_sdp_new;  /* it is other than the one that has been applied */
    pl_saved *saved;  /* its dialog, NULL unknown */
    unsigned n_adopt; /* workers that were asked to go on with it */
};

enum { PL_N_TOLD = 4 };

typedef struct pl_sess {
    pl_sess_row row;
    /* Resources that it was told are over, the latest: repeating a DELETE is
     * harmless. */
    char told[PL_N_TOLD][PL_ID_MAX + 1];
    unsigned n_told;
    struct pl_sess *next_same; /* of the same user */
    pl_list legs;   /* pl_leg.sess_link: of its seats, and those that ring */
    pl_list events; /* pl_event.link: delivered ones, then the others */
    unsigned n_events;
    pl_poll poll;
    unsigned n_commands; /* under way: events wait */
    int64_t release_us;  /* events wait until then */
    pl_list held_link;   /* in pl_pool.held, until its answer has gone out */
    uint64_t given_seq;  /* last event handed to a reader */
    uint64_t seen_seq;   /* delivered so far: acknowledged or in a cursor */
    int64_t given_us;
    uint64_t given_corr; /* of the poll that it answered, of given_node */
    char given_node[PL_NODE_MAX + 1];
    char ticket_hash[65]; /* for its event stream, "" none; see ticket.h */
    int64_t ticket_until_us, ticket_token_ms;
    pl_task expiry, release;
} pl_sess;

typedef struct pl_worker {
    pl_worker_row row;
    uint32_t held; /* participants of its conferences, or calls */
    bool has_inventory;
    bool is_expected; /* stored by an earlier run, not back yet */
    bool was_down;    /* stored as gone by it, and not back yet */
    char *metrics;    /* last report, owned */
    size_t metrics_len;
    pl_task lease;
    int64_t stored_us;
    /* What it has goes to others, while it drains; handover.h. */
    pl_task drain;
    bool is_releasing; /* was asked to fall silent */
    bool cannot_release;
    struct { /* that was opened elsewhere, "" none */
        char conf[PL_ID_MAX + 1];
        uint64_t epoch; /* of its copy here */
        int64_t since_us;
    } leaving;
} pl_worker;

/* The newest event of another platform's node; platform.h. */
enum { PL_N_HEARD = 32 };
typedef struct pl_heard {
    char node[129];
    uint64_t seq;
    int64_t at_ms;
} pl_heard;

struct pl_pool {
    const pl_roompool_config *config;
    pl_store *store;
    const pl_port *port;
    pl_metrics *metrics;
    pl_agenda *agenda;
    pl_outbox *outbox;
    pl_ops *ops_tools; /* operators; ops.h */
    pl_pin_guard *guard;
    pl_join_guard *joins;
    struct pl_rate *device_calls; /* by registration */
    pl_map *rooms, *aliases, *confs, *parts, *legs, *calls, *sessions, *tokens,
        *users, *workers;
    pl_map *room_nos, *alias_nos, *autos; /* by number; managed ones */
    pl_map *recordings;                   /* by id; recording.h */
    pl_map *devcalls;   /* media sessions, by id; device/device_call.h */
    pl_map *room_names; /* the first of each name, by pl_room_fold() */
    uint64_t numbers[PL_N_NUMBERS]; /* highest given */
    pl_list transfers;              /* tickets to rooms; see refer.h */
    unsigned n_transfers;
    pl_map *joined; /* pages, by the only token hash they have had so far */
    pl_vmrs *vmrs;  /* managed rooms */
    pl_videos *videos;
    pl_subscrs *subscrs;   /* device/subscription.h */
    pl_relays *relays;     /* device/relay.h */
    const pl_lines *lines; /* numbers of ours; device/line.h */
    pl_regs *regs;         /* device/registration.h */
    pl_map *callees; /* the first session of each user, by pl_user_key() */
    pl_list held;    /* pl_sess.held_link: answered, not yet committed */
    pl_list ops;
    uint64_t epoch; /* highest given, stored in meta */
    uint64_t boot;
    char node[PL_NODE_MAX + 1];
    uint32_t beat_ms;
    unsigned n_confs_live, n_polls;
    unsigned n_snapshots;
    size_t snapshot_bytes;
    pl_now now;
    int64_t lack_told_us; /* that no media worker takes more; 0: never */
    char trace[PL_TRACE_MAX + 1]; /* of what is being handled */
    pl_err failed;                /* first fault of the store or of memory */
    bool is_draining, is_loading, is_purging;
    pl_task prune, prune_workers;
    unsigned n_new_records; /* since the last pruning */
    pl_list sinks;          /* pl_sink.link; see sink.h */
    unsigned n_sinks, n_sink_events;
    pl_heard heard[PL_N_HEARD];
    unsigned next_heard;
};

/* ---- pool.c: plumbing for the modules ---- */

void pl_pool_put(pl_pool *pool, const pl_table *table, const void *row);
void pl_pool_del(pl_pool *pool, const pl_table *table, const void *row);
/* Remember that state could not be kept; the flush then fails. */
void pl_pool_fail(pl_pool *pool, pl_err e);
void pl_pool_count(pl_pool *pool, size_t metric);
void pl_pool_plan(pl_pool *pool, pl_task *task,
                  void (*run)(void *ctx, void *object), void *object,
                  int64_t delay_us);
void pl_pool_cancel(pl_pool *pool, pl_task *task);
void pl_pool_reply(pl_pool *pool, const pl_bus_ticket *ticket,
                   const pl_msg_desc *desc, const void *body);
void pl_pool_ok(pl_pool *pool, const pl_bus_ticket *ticket);
/* Refuse, counting by kind; text may be NULL. */
void pl_pool_refuse(pl_pool *pool, const pl_bus_ticket *ticket, pl_err e,
                    const char *text);
/* Send a command; op may be NULL when the outcome does not matter: what is
 * lost is found by the next inventory. */
void pl_pool_send(pl_pool *pool, const char *node, uint64_t epoch,
                  const pl_msg_desc *desc, const void *body, pl_op *op);
/* The same, all of it said. */
void pl_pool_send_how(pl_pool *pool, const pl_bus_send *how,
                      const pl_msg_desc *desc, const void *body, pl_op *op);
void pl_pool_note(pl_pool *pool, pl_log_level level, const char *event,
                  const pl_conf *conf, const pl_part *part, const char *text);
/* A call record was written (load.c: old ones are pruned). */
void pl_pool_note_record(pl_pool *pool);
/* Copy text into a fixed field, cutting what does not fit. */
#define PL_SET(field, text) pl_fmt_cut((field), sizeof(field), "%s", (text))
/* Milliseconds and seconds as loop time. */
#define PL_MS(n) ((int64_t)(n)*1000)
#define PL_S(n)  ((int64_t)(n)*1000000)

#endif
