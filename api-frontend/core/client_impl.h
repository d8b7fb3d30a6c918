/* client_impl.h - what the files of the client API share, and the functions
 * that tables/client_api.def names: prepare makes the message to roompool,
 * finish the answer {"status":..,"result":..}. */
#ifndef PL_API_CLIENT_IMPL_H
#define PL_API_CLIENT_IMPL_H

#include "client_api.h"
#include "pl/str.h"

typedef pl_err pl_client_prepare(pl_api_call *call, pl_answer *answer);
typedef void pl_client_finish(pl_api_call *call, pl_err e,
                              const pl_msg_desc *desc, const void *body,
                              pl_answer *answer);

/* ---- client_answer.c: envelopes and errors ---- */

/* Begin {"status":word, ..; the caller adds "result" and closes. */
void pl_client_open(pl_jw *w, pl_answer *answer, int status, const char *word);
void pl_client_put_version(pl_jw *w);
/* Make the error's answer; false when there is no error, or when the reply is
 * not of type want (NULL: any): that is a fault of ours. */
bool pl_client_failed(const pl_api_call *call, pl_err e,
                      const pl_msg_desc *want, const pl_msg_desc *desc,
                      const void *body, pl_answer *answer);
/* "HOST" or "GUEST". */
const char *pl_client_role_word(uint32_t role);
pl_client_finish pl_client_true, pl_client_null;
/* After roompool has checked the token: we cannot do that. */
pl_client_finish pl_client_unsupported;

/* ---- client_request.c: paths, bodies, tokens ---- */

/* Parse the body, which is an object or empty. */
PL_MUST_USE pl_err pl_client_parse(pl_api_call *call);
/* Member of the body. Errors: PL_EINVAL absent or another type. */
PL_MUST_USE pl_err pl_client_str(const pl_api_call *call, const char *key,
                                 pl_slice *ret_text);
/* The same where it may be absent, null or empty: then it is empty. */
PL_MUST_USE pl_err pl_client_opt_str(const pl_api_call *call, const char *key,
                                     pl_slice *ret_text);
/* The first bytes of a text, without splitting a character. */
pl_slice pl_client_cut(pl_slice text, size_t max);
/* "chair" and "HOST" are the host, "guest" the guest, in any case.
 * Errors: PL_EINVAL anything else. */
PL_MUST_USE pl_err pl_client_find_role(pl_slice word, uint32_t *ret_role);
/* Whether the path names the asker's own seat. */
bool pl_client_is_own(const pl_api_call *call);

/* Put the asker's id and token into a message. */
#define PL_CLIENT_PUT_SEAT(call, m)                                            \
    do {                                                                       \
        pl_fmt_cut((m)->participant_id, sizeof(m)->participant_id, "%s",       \
                   (call)->seat->participant_id);                              \
        pl_fmt_cut((m)->token_hash, sizeof(m)->token_hash, "%s",               \
                   (call)->seat->token_hash);                                  \
    } while (0)

/* A participant_control for a target, with nothing in it yet. */
PL_MUST_USE pl_err pl_client_control(pl_api_call *call, const char *target_id);
/* Set the flag of the message that the table's arg names to what it says. */
void pl_client_set_flag(pl_api_call *call);
/* Only the token is checked: for anybody, or of the path's own seat. */
pl_client_prepare pl_client_ask, pl_client_own;

/* ---- the requests ---- */

/* client_token.c */
pl_client_prepare pl_client_request_token, pl_client_refresh_token,
    pl_client_release_token;
pl_client_finish pl_client_joined, pl_client_refreshed, pl_client_released;

/* client_sound.c */
#define PL_NO_PROMPT "no such prompt" /* as roompool says it */
pl_client_prepare pl_client_record, pl_client_play, pl_client_stop_playing,
    pl_client_seat_play, pl_client_seat_stop_playing;

/* client_call.c */
pl_client_prepare pl_client_call_start, pl_client_call_update,
    pl_client_call_end, pl_client_call_candidate, pl_client_call_dtmf;
pl_client_finish pl_client_call_done;

/* client_control.c: one participant */
pl_client_prepare pl_client_seat_flag, pl_client_role, pl_client_transfer,
    pl_client_overlay_text, pl_client_seat_dtmf;

/* client_room.c: the whole conference */
/* A destination as clients write it, an address with a scheme or without one or
 * a number, with its scheme. Errors: PL_EINVAL empty or too long. */
PL_MUST_USE pl_err pl_client_address(pl_slice to, char *buf, size_t cap);
pl_client_prepare pl_client_room_flag, pl_client_guests_can_unmute,
    pl_client_message, pl_client_dial;
pl_client_finish pl_client_dialled;

/* client_layout.c */
/* The layouts that are asked for; empty where none is.
 * Errors: PL_EINVAL no text, or no layout. */
PL_MUST_USE pl_err pl_client_find_layouts(const pl_json *transforms,
                                          pl_slice *ret_host,
                                          pl_slice *ret_guest);
pl_client_prepare pl_client_transform_layout;
pl_client_finish pl_client_layouts_are, pl_client_no_svgs;

/* client_roster.c: reading */
pl_client_prepare pl_client_status, pl_client_roster, pl_client_theme,
    pl_client_no_image;
pl_client_finish pl_client_status_is, pl_client_roster_is;

#endif
