/* srtp.c - SRTP and SRTCP over OpenSSL's ciphers.
 *
 *   RTP   header | payload, encrypted | tag             CM: tag of 10 bytes
 *   RTCP  8 bytes | rest, encrypted | E, index | tag    CM
 *         8 bytes | rest, encrypted | tag | E, index    GCM: tag of 16 bytes
 *
 * Cipher contexts keep their keys: a packet costs a new IV and no allocation.
 * RTCP, which is rare, has one context for both ways and is keyed anew. */
#include "io/srtp.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "core/be.h"

enum {
    WINDOW = 1024, /* packets; RFC 3711 section 3.3.2 wants 64 */
    WORDS = WINDOW / 64,
    MAX_SSRC_OUT = 8,
    SALT = PL_SRTP_SALT_MAX,
    RTP_HEAD = 12,
    RTCP_HEAD = 8,
    RTCP_INDEX = 4,
    TAG_CM = 10,
    TAG_GCM = 16,
    AUTH_KEY = 20,
    SHA1 = 20,
    SHA1_BLOCK = 64,
    IV_CM = 16,
    IV_GCM = 12
};
static const uint32_t ENCRYPTED = 0x80000000U; /* the E flag */
static const uint64_t INDEX_MAX = (UINT64_C(1) << 48) - 1;

/* What RFC 3711 section 4.3 derives, of one direction. */
typedef struct way {
    uint8_t rtcp_key[PL_SRTP_KEY];
    uint8_t salt[2][SALT];        /* RTP, RTCP */
    uint8_t inner[2][SHA1_BLOCK]; /* HMAC's keys, padded (CM) */
    uint8_t outer[2][SHA1_BLOCK];
    EVP_CIPHER_CTX *rtp;
} way;

typedef struct source_out {
    uint32_t ssrc, roc, rtcp_index;
    uint16_t seq;
    bool has_seq;
} source_out;

/* The last packets of a number space, a bit each. */
typedef struct window {
    bool has_any;
    uint64_t last;
    uint64_t seen[WORDS];
} window;

typedef struct source_in {
    uint32_t ssrc;
    window rtp;
    uint64_t rtcp_last, rtcp_seen; /* RTCP, the last 64; seen 0: none */
} source_in;

struct pl_srtp {
    pl_srtp_keys keys;
    bool is_server, is_gcm;
    way out, in;
    EVP_CIPHER_CTX *rtcp;
    EVP_MD_CTX *hash; /* NULL: GCM */
    uint8_t n_out, n_in;
    source_out to[MAX_SSRC_OUT];
    source_in from[PL_SRTP_MAX_SSRC_IN];
};

static EVP_CIPHER *ctr, *gcm;
static EVP_MD *sha1;
static unsigned n_users; /* of the library, in this process */

pl_err pl_srtp_library_open(void)
{
    if (n_users++ > 0)
        return PL_OK;
    ctr = EVP_CIPHER_fetch(NULL, "AES-128-CTR", NULL);
    gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    if (ctr && gcm && sha1)
        return PL_OK;
    pl_srtp_library_close();
    return PL_EINTERNAL;
}

void pl_srtp_library_close(void)
{
    if (n_users == 0 || --n_users > 0)
        return;
    EVP_CIPHER_free(ctr);
    EVP_CIPHER_free(gcm);
    EVP_MD_free(sha1);
    ctr = gcm = NULL;
    sha1 = NULL;
}

/* ---- keys --------------------------------------------------------------- */

/* Derive out[n] from the master key. Source: RFC 3711 section 4.3.1, 4.3.3 */
static bool derive(EVP_CIPHER_CTX *prf, const uint8_t *salt, uint8_t label,
                   uint8_t *out, int n)
{
    uint8_t iv[IV_CM] = {0};
    int len = 0;
    memcpy(iv, salt, SALT);
    iv[7] ^= label;
    memset(out, 0, (size_t)n);
    return EVP_EncryptInit_ex2(prf, NULL, NULL, iv, NULL) == 1 &&
           EVP_EncryptUpdate(prf, out, &len, out, n) == 1;
}

static void pad_auth_key(way *w, unsigned kind, const uint8_t *key)
{
    for (size_t i = 0; i < SHA1_BLOCK; i++) { /* RFC 2104 section 2 */
        uint8_t k = i < AUTH_KEY ? key[i] : 0;
        w->inner[kind][i] = k ^ 0x36U;
        w->outer[kind][i] = k ^ 0x5cU;
    }
}

/* Everything of one direction from its master key and salt. */
static bool derive_all(way *w, EVP_CIPHER_CTX *prf, const uint8_t *salt,
                       bool is_gcm)
{
    enum { RTP_KEY, RTP_AUTH, RTP_SALT, RTCP_KEY, RTCP_AUTH, RTCP_SALT };
    uint8_t key[PL_SRTP_KEY];
    uint8_t auth[2][AUTH_KEY];
    int n_salt = is_gcm ? IV_GCM : SALT;
    bool is_ok = derive(prf, salt, RTP_KEY, key, sizeof key) &&
                 derive(prf, salt, RTP_AUTH, auth[0], AUTH_KEY) &&
                 derive(prf, salt, RTP_SALT, w->salt[0], n_salt) &&
                 derive(prf, salt, RTCP_KEY, w->rtcp_key, sizeof w->rtcp_key) &&
                 derive(prf, salt, RTCP_AUTH, auth[1], AUTH_KEY) &&
                 derive(prf, salt, RTCP_SALT, w->salt[1], n_salt);
    w->rtp = EVP_CIPHER_CTX_new();
    is_ok =
        is_ok && w->rtp &&
        EVP_CipherInit_ex2(w->rtp, is_gcm ? gcm : ctr, key, NULL, 1, NULL) == 1;
    pad_auth_key(w, 0, auth[0]);
    pad_auth_key(w, 1, auth[1]);
    OPENSSL_cleanse(key, sizeof key);
    OPENSSL_cleanse(auth, sizeof auth);
    return is_ok;
}

static bool open_way(way *w, const pl_srtp_keys *keys, bool is_client_key,
                     bool is_gcm)
{
    const uint8_t *key = is_client_key ? keys->client_key : keys->server_key;
    uint8_t salt[SALT] = {0}; /* RFC 7714 section 11: zeros behind 12 bytes */
    memcpy(salt, is_client_key ? keys->client_salt : keys->server_salt,
           is_gcm ? IV_GCM : SALT);
    EVP_CIPHER_CTX *prf = EVP_CIPHER_CTX_new();
    bool is_ok = prf && EVP_EncryptInit_ex2(prf, ctr, key, NULL, NULL) == 1 &&
                 derive_all(w, prf, salt, is_gcm);
    EVP_CIPHER_CTX_free(prf);
    OPENSSL_cleanse(salt, sizeof salt);
    return is_ok;
}

pl_err pl_srtp_create(const pl_srtp_keys *keys, bool is_server,
                      pl_srtp **ret_srtp)
{
    if (keys->profile != PL_SRTP_AES128_CM_SHA1_80 &&
        keys->profile != PL_SRTP_AEAD_AES_128_GCM)
        return PL_EINVAL;
    pl_srtp *s = calloc(1, sizeof *s);
    if (!s)
        return PL_ENOMEM;
    s->keys = *keys;
    s->is_server = is_server;
    s->is_gcm = keys->profile == PL_SRTP_AEAD_AES_128_GCM;
    s->rtcp = EVP_CIPHER_CTX_new();
    bool is_ok = s->rtcp &&
                 EVP_CipherInit_ex2(s->rtcp, s->is_gcm ? gcm : ctr, NULL, NULL,
                                    1, NULL) == 1 &&
                 open_way(&s->out, keys, !is_server, s->is_gcm) &&
                 open_way(&s->in, keys, is_server, s->is_gcm);
    if (is_ok && !s->is_gcm) {
        s->hash = EVP_MD_CTX_new();
        is_ok = s->hash && EVP_DigestInit_ex2(s->hash, sha1, NULL) == 1;
    }
    if (!is_ok) {
        pl_srtp_destroy(&s);
        return PL_EINTERNAL;
    }
    *ret_srtp = s;
    return PL_OK;
}

void pl_srtp_destroy(pl_srtp **srtp)
{
    if (!srtp || !*srtp)
        return;
    pl_srtp *s = *srtp;
    EVP_CIPHER_CTX_free(s->out.rtp);
    EVP_CIPHER_CTX_free(s->in.rtp);
    EVP_CIPHER_CTX_free(s->rtcp);
    EVP_MD_CTX_free(s->hash);
    OPENSSL_cleanse(s, sizeof *s);
    free(s);
    *srtp = NULL;
}

/* ---- numbers ------------------------------------------------------------ */

/* The packet's place in the stream. Source: RFC 3711 section 3.3.1 */
static bool guess(uint32_t roc, uint16_t last, uint16_t seq, uint64_t *ret)
{
    int ahead = (int)seq - (int)last;
    uint32_t v = roc;
    if (ahead > 32768) {
        if (roc == 0)
            return false;
        v = roc - 1;
    } else if (ahead < -32768) {
        v = roc + 1;
    }
    *ret = (uint64_t)v << 16 | seq;
    return true;
}

static bool is_new(const window *w, uint64_t index)
{
    if (!w->has_any || index > w->last)
        return true;
    return w->last - index < WINDOW &&
           !(w->seen[index % WINDOW / 64] >> (index % 64) & 1U);
}

static void see(window *w, uint64_t index)
{
    if (!w->has_any || index > w->last) {
        uint64_t from = w->has_any ? w->last + 1 : index;
        if (index - from >= WINDOW)
            from = index - WINDOW + 1;
        for (uint64_t i = from; i < index; i++)
            w->seen[i % WINDOW / 64] &= ~((uint64_t)1 << (i % 64));
        w->last = index;
        w->has_any = true;
    }
    w->seen[index % WINDOW / 64] |= (uint64_t)1 << (index % 64);
}

static source_out *find_out(pl_srtp *s, uint32_t ssrc)
{
    for (uint8_t i = 0; i < s->n_out; i++) {
        if (s->to[i].ssrc == ssrc)
            return &s->to[i];
    }
    if (s->n_out == MAX_SSRC_OUT)
        return NULL;
    s->to[s->n_out] = (source_out){.ssrc = ssrc};
    return &s->to[s->n_out++];
}

static source_in *find_in(pl_srtp *s, uint32_t ssrc)
{
    for (uint8_t i = 0; i < s->n_in; i++) {
        if (s->from[i].ssrc == ssrc)
            return &s->from[i];
    }
    return NULL;
}

/* ---- ciphers ------------------------------------------------------------ */

/* RFC 3711 section 4.1.1: salt, source and index, and 16 bits that count. */
static void iv_cm(uint8_t *iv, const uint8_t *salt, uint32_t ssrc,
                  uint64_t index)
{
    memcpy(iv, salt, SALT);
    iv[14] = iv[15] = 0;
    for (unsigned i = 0; i < 4; i++)
        iv[4 + i] ^= (uint8_t)(ssrc >> (24 - 8 * i));
    for (unsigned i = 0; i < 6; i++)
        iv[8 + i] ^= (uint8_t)(index >> (40 - 8 * i));
}

/* RFC 7714 section 8.1, 9.1 */
static void iv_gcm(uint8_t *iv, const uint8_t *salt, uint32_t ssrc,
                   uint64_t index)
{
    memcpy(iv, salt, IV_GCM);
    for (unsigned i = 0; i < 4; i++)
        iv[2 + i] ^= (uint8_t)(ssrc >> (24 - 8 * i));
    for (unsigned i = 0; i < 6; i++)
        iv[6 + i] ^= (uint8_t)(index >> (40 - 8 * i));
}

static bool run_cm(EVP_CIPHER_CTX *c, const uint8_t *key, const uint8_t *iv,
                   uint8_t *data, size_t len)
{
    int n = 0;
    return EVP_CipherInit_ex2(c, NULL, key, iv, 1, NULL) == 1 &&
           (len == 0 || EVP_CipherUpdate(c, data, &n, data, (int)len) == 1);
}

/* The tag of a packet and what follows it (RFC 3711 section 4.2). */
static bool tag_cm(const pl_srtp *s, const way *w, unsigned kind,
                   const uint8_t *data, size_t len, const uint8_t *more,
                   size_t n_more, uint8_t *tag)
{
    uint8_t digest[SHA1];
    EVP_MD_CTX *h = s->hash;
    bool is_ok = EVP_DigestInit_ex2(h, NULL, NULL) == 1 &&
                 EVP_DigestUpdate(h, w->inner[kind], SHA1_BLOCK) == 1 &&
                 EVP_DigestUpdate(h, data, len) == 1 &&
                 EVP_DigestUpdate(h, more, n_more) == 1 &&
                 EVP_DigestFinal_ex(h, digest, NULL) == 1 &&
                 EVP_DigestInit_ex2(h, NULL, NULL) == 1 &&
                 EVP_DigestUpdate(h, w->outer[kind], SHA1_BLOCK) == 1 &&
                 EVP_DigestUpdate(h, digest, SHA1) == 1 &&
                 EVP_DigestFinal_ex(h, digest, NULL) == 1;
    memcpy(tag, digest, TAG_CM);
    return is_ok;
}

/* One pass of GCM: what is authenticated only, then data in place. */
typedef struct pass {
    EVP_CIPHER_CTX *c;
    const uint8_t *key; /* NULL: kept */
    const uint8_t *iv;
    const uint8_t *aad;
    size_t n_aad;
    const uint8_t *more; /* authenticated too */
    size_t n_more;
    uint8_t *data;
    size_t len;
} pass;

static bool begin_gcm(const pass *p, int is_encrypting)
{
    int n = 0;
    return EVP_CipherInit_ex2(p->c, NULL, p->key, p->iv, is_encrypting, NULL) ==
               1 &&
           EVP_CipherUpdate(p->c, NULL, &n, p->aad, (int)p->n_aad) == 1 &&
           (p->n_more == 0 ||
            EVP_CipherUpdate(p->c, NULL, &n, p->more, (int)p->n_more) == 1) &&
           (p->len == 0 ||
            EVP_CipherUpdate(p->c, p->data, &n, p->data, (int)p->len) == 1);
}

static bool seal_gcm(const pass *p, uint8_t *tag)
{
    int n = 0;
    uint8_t none[16];
    return begin_gcm(p, 1) && EVP_CipherFinal_ex(p->c, none, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(p->c, EVP_CTRL_AEAD_GET_TAG, TAG_GCM, tag) == 1;
}

static bool open_gcm(const pass *p, uint8_t *tag)
{
    int n = 0;
    uint8_t none[16];
    return begin_gcm(p, 0) &&
           EVP_CIPHER_CTX_ctrl(p->c, EVP_CTRL_AEAD_SET_TAG, TAG_GCM, tag) ==
               1 &&
           EVP_CipherFinal_ex(p->c, none, &n) == 1;
}

/* ---- RTP ---------------------------------------------------------------- */

/* Bytes of the header with sources and extension, 0: not within len. */
static size_t rtp_head(const uint8_t *p, size_t len)
{
    size_t n = RTP_HEAD + (size_t)(p[0] & 0x0fU) * 4;
    if (!(p[0] & 0x10U))
        return n <= len ? n : 0;
    if (len < 4 || n > len - 4)
        return 0;
    n += 4 + (size_t)pl_be_get16(p + n + 2) * 4;
    return n <= len ? n : 0;
}

static pl_err protect_rtp(pl_srtp *s, uint8_t *p, size_t *len)
{
    size_t head = rtp_head(p, *len);
    uint16_t seq = pl_be_get16(p + 2);
    source_out *to = head ? find_out(s, pl_be_get32(p + 8)) : NULL;
    uint64_t index = 0;
    if (!to)
        return PL_EINVAL;
    uint16_t last = to->has_seq ? to->seq : seq;
    if (!guess(to->roc, last, seq, &index))
        return PL_EINVAL;
    /* A number that was used must never be used again with these keys. */
    if (to->has_seq && index <= ((uint64_t)to->roc << 16 | to->seq))
        return PL_EINVAL;
    uint8_t iv[IV_CM];
    uint8_t roc[4];
    bool is_ok = false;
    if (s->is_gcm) {
        iv_gcm(iv, s->out.salt[0], to->ssrc, index);
        const pass job = {.c = s->out.rtp,
                          .iv = iv,
                          .aad = p,
                          .n_aad = head,
                          .data = p + head,
                          .len = *len - head};
        is_ok = seal_gcm(&job, p + *len);
    } else {
        iv_cm(iv, s->out.salt[0], to->ssrc, index);
        pl_be_put32(roc, (uint32_t)(index >> 16));
        is_ok = run_cm(s->out.rtp, NULL, iv, p + head, *len - head) &&
                tag_cm(s, &s->out, 0, p, *len, roc, sizeof roc, p + *len);
    }
    if (!is_ok)
        return PL_EINTERNAL;
    *len += s->is_gcm ? TAG_GCM : TAG_CM;
    to->has_seq = true;
    to->seq = seq;
    to->roc = (uint32_t)(index >> 16);
    return PL_OK;
}

static bool open_rtp(pl_srtp *s, uint8_t *p, size_t head, size_t end,
                     uint32_t ssrc, uint64_t index)
{
    uint8_t iv[IV_CM];
    if (s->is_gcm) {
        iv_gcm(iv, s->in.salt[0], ssrc, index);
        const pass job = {.c = s->in.rtp,
                          .iv = iv,
                          .aad = p,
                          .n_aad = head,
                          .data = p + head,
                          .len = end - head};
        return open_gcm(&job, p + end);
    }
    uint8_t roc[4];
    uint8_t tag[TAG_CM];
    iv_cm(iv, s->in.salt[0], ssrc, index);
    pl_be_put32(roc, (uint32_t)(index >> 16));
    return tag_cm(s, &s->in, 0, p, end, roc, sizeof roc, tag) &&
           CRYPTO_memcmp(tag, p + end, TAG_CM) == 0 &&
           run_cm(s->in.rtp, NULL, iv, p + head, end - head);
}

static pl_err unprotect_rtp(pl_srtp *s, uint8_t *p, size_t *len)
{
    size_t tag = s->is_gcm ? TAG_GCM : TAG_CM;
    size_t end = *len > tag ? *len - tag : 0;
    size_t head = end >= RTP_HEAD ? rtp_head(p, end) : 0;
    if (head == 0)
        return PL_EAUTH;
    uint32_t ssrc = pl_be_get32(p + 8);
    uint16_t seq = pl_be_get16(p + 2);
    source_in *from = find_in(s, ssrc);
    if (!from && s->n_in == PL_SRTP_MAX_SSRC_IN)
        return PL_EFULL;
    uint64_t index = seq;
    if (from) {
        bool has = from->rtp.has_any;
        uint32_t roc = (uint32_t)(from->rtp.last >> 16);
        if (!guess(roc, has ? (uint16_t)from->rtp.last : seq, seq, &index) ||
            !is_new(&from->rtp, index))
            return PL_EEXIST;
    }
    if (!open_rtp(s, p, head, end, ssrc, index))
        return PL_EAUTH;
    if (!from) {
        from = &s->from[s->n_in++];
        *from = (source_in){.ssrc = ssrc};
    }
    see(&from->rtp, index);
    *len = end;
    return PL_OK;
}

/* ---- RTCP --------------------------------------------------------------- */

static pl_err protect_rtcp(pl_srtp *s, uint8_t *p, size_t *len)
{
    source_out *to = find_out(s, pl_be_get32(p + 4));
    if (!to)
        return PL_EINVAL;
    uint32_t index = ++to->rtcp_index & ~ENCRYPTED;
    uint8_t word[RTCP_INDEX];
    uint8_t iv[IV_CM];
    size_t n = *len;
    bool is_ok = false;
    pl_be_put32(word, index | ENCRYPTED);
    if (s->is_gcm) {
        iv_gcm(iv, s->out.salt[1], to->ssrc, index);
        const pass job = {s->rtcp,     s->out.rtcp_key, iv,
                          p,           RTCP_HEAD,       word,
                          sizeof word, p + RTCP_HEAD,   n - RTCP_HEAD};
        is_ok = seal_gcm(&job, p + n);
        memcpy(p + n + TAG_GCM, word, sizeof word);
        n += TAG_GCM + RTCP_INDEX;
    } else {
        iv_cm(iv, s->out.salt[1], to->ssrc, index);
        memcpy(p + n, word, sizeof word);
        is_ok =
            run_cm(s->rtcp, s->out.rtcp_key, iv, p + RTCP_HEAD,
                   n - RTCP_HEAD) &&
            tag_cm(s, &s->out, 1, p, n, word, sizeof word, p + n + RTCP_INDEX);
        n += RTCP_INDEX + TAG_CM;
    }
    if (!is_ok)
        return PL_EINTERNAL;
    *len = n;
    return PL_OK;
}

static bool open_rtcp(pl_srtp *s, uint8_t *p, size_t end, const uint8_t *word,
                      uint32_t ssrc, uint32_t index)
{
    uint8_t iv[IV_CM];
    if (s->is_gcm) {
        iv_gcm(iv, s->in.salt[1], ssrc, index);
        const pass job = {s->rtcp,    s->in.rtcp_key, iv,
                          p,          RTCP_HEAD,      word,
                          RTCP_INDEX, p + RTCP_HEAD,  end - RTCP_HEAD};
        return open_gcm(&job, p + end);
    }
    uint8_t tag[TAG_CM];
    iv_cm(iv, s->in.salt[1], ssrc, index);
    return tag_cm(s, &s->in, 1, p, end, word, RTCP_INDEX, tag) &&
           CRYPTO_memcmp(tag, p + end + RTCP_INDEX, TAG_CM) == 0 &&
           run_cm(s->rtcp, s->in.rtcp_key, iv, p + RTCP_HEAD, end - RTCP_HEAD);
}

/* The last 64 RTCP numbers are remembered; some begin with 0. */
static bool is_new_rtcp(const source_in *from, uint32_t index)
{
    if (index > from->rtcp_last || from->rtcp_seen == 0)
        return true;
    uint64_t age = from->rtcp_last - index;
    return age < 64 && !(from->rtcp_seen >> age & 1U);
}

static void see_rtcp(source_in *from, uint32_t index)
{
    if (index > from->rtcp_last || from->rtcp_seen == 0) {
        uint64_t by = index - from->rtcp_last;
        from->rtcp_seen = by < 64 ? from->rtcp_seen << by : 0;
        from->rtcp_last = index;
    }
    from->rtcp_seen |= (uint64_t)1 << (from->rtcp_last - index);
}

static pl_err unprotect_rtcp(pl_srtp *s, uint8_t *p, size_t *len)
{
    size_t trailer = RTCP_INDEX + (s->is_gcm ? TAG_GCM : TAG_CM);
    if (*len < RTCP_HEAD + trailer)
        return PL_EAUTH;
    size_t end = *len - trailer;
    const uint8_t *word = s->is_gcm ? p + *len - RTCP_INDEX : p + end;
    uint32_t ssrc = pl_be_get32(p + 4);
    uint32_t index = pl_be_get32(word);
    source_in *from = find_in(s, ssrc);
    if (!from && s->n_in == PL_SRTP_MAX_SSRC_IN)
        return PL_EFULL;
    if (!(index & ENCRYPTED)) /* our profiles encrypt it */
        return PL_EAUTH;
    index &= ~ENCRYPTED;
    if (from && !is_new_rtcp(from, index))
        return PL_EEXIST;
    if (!open_rtcp(s, p, end, word, ssrc, index))
        return PL_EAUTH;
    if (!from) {
        from = &s->from[s->n_in++];
        *from = (source_in){.ssrc = ssrc};
    }
    see_rtcp(from, index);
    *len = end;
    return PL_OK;
}

/* ---- both --------------------------------------------------------------- */

pl_err pl_srtp_protect(pl_srtp *srtp, bool is_rtcp, uint8_t *packet, size_t cap,
                       size_t *len)
{
    if (*len < RTP_HEAD && (!is_rtcp || *len < RTCP_HEAD))
        return PL_EINVAL;
    if (cap < *len || cap - *len < PL_SRTP_MAX_TRAILER)
        return PL_EFULL;
    return is_rtcp ? protect_rtcp(srtp, packet, len)
                   : protect_rtp(srtp, packet, len);
}

pl_err pl_srtp_unprotect(pl_srtp *srtp, bool is_rtcp, uint8_t *packet,
                         size_t *len)
{
    if (*len < (is_rtcp ? RTCP_HEAD : RTP_HEAD))
        return PL_EPROTO;
    return is_rtcp ? unprotect_rtcp(srtp, packet, len)
                   : unprotect_rtp(srtp, packet, len);
}

/* ---- moving ------------------------------------------------------------- */

void pl_srtp_where(const pl_srtp *srtp, uint32_t ssrc, pl_srtp_place *ret_place)
{
    pl_srtp_place place = {.n_in = srtp->n_in};
    for (uint8_t i = 0; i < srtp->n_out; i++) {
        const source_out *to = &srtp->to[i];
        if (to->ssrc != ssrc)
            continue;
        place.rtcp_index = to->rtcp_index;
        if (to->has_seq)
            place.next_index = ((uint64_t)to->roc << 16 | to->seq) + 1;
    }
    for (uint8_t i = 0; i < srtp->n_in; i++) {
        const source_in *from = &srtp->from[i];
        place.in[i] =
            (pl_srtp_received){.ssrc = from->ssrc,
                               .has_rtp = from->rtp.has_any,
                               .index = from->rtp.last,
                               .rtcp_index = (uint32_t)from->rtcp_last};
    }
    *ret_place = place;
}

/* Everything up to what was received last counts as received. */
static source_in resume_in(const pl_srtp_received *r)
{
    source_in from = {.ssrc = r->ssrc};
    if (r->has_rtp) {
        from.rtp.has_any = true;
        from.rtp.last = r->index;
        memset(from.rtp.seen, 0xff, sizeof from.rtp.seen);
    }
    if (r->rtcp_index > 0) {
        from.rtcp_last = r->rtcp_index;
        from.rtcp_seen = UINT64_MAX;
    }
    return from;
}

static bool is_possible(const pl_srtp_place *place)
{
    bool is_good = place->n_in <= PL_SRTP_MAX_SSRC_IN &&
                   place->next_index <= INDEX_MAX &&
                   place->rtcp_index < ENCRYPTED;
    for (uint8_t i = 0; is_good && i < place->n_in; i++) {
        is_good = place->in[i].index <= INDEX_MAX &&
                  place->in[i].rtcp_index < ENCRYPTED;
    }
    return is_good;
}

pl_err pl_srtp_resume(const pl_srtp_keys *keys, bool is_server, uint32_t ssrc,
                      const pl_srtp_place *place, pl_srtp **ret_srtp)
{
    pl_srtp *s = NULL;
    if (!is_possible(place))
        return PL_EINVAL;
    pl_err e = pl_srtp_create(keys, is_server, &s);
    if (e != PL_OK)
        return e;
    source_out *to = find_out(s, ssrc);
    to->rtcp_index = place->rtcp_index;
    if (place->next_index > 0) {
        to->has_seq = true;
        to->roc = (uint32_t)((place->next_index - 1) >> 16);
        to->seq = (uint16_t)(place->next_index - 1);
    }
    for (uint8_t i = 0; i < place->n_in; i++)
        s->from[s->n_in++] = resume_in(&place->in[i]);
    *ret_srtp = s;
    return PL_OK;
}

bool pl_srtp_has_keys(const pl_srtp *srtp, const pl_srtp_keys *keys,
                      bool is_server)
{
    const pl_srtp_keys *k = &srtp->keys;
    return srtp->is_server == is_server && k->profile == keys->profile &&
           CRYPTO_memcmp(k->client_key, keys->client_key, PL_SRTP_KEY) == 0 &&
           CRYPTO_memcmp(k->server_key, keys->server_key, PL_SRTP_KEY) == 0 &&
           CRYPTO_memcmp(k->client_salt, keys->client_salt, SALT) == 0 &&
           CRYPTO_memcmp(k->server_salt, keys->server_salt, SALT) == 0;
}

const pl_srtp_ops pl_srtp_library = {.create = pl_srtp_create,
                                     .resume = pl_srtp_resume,
                                     .where = pl_srtp_where,
                                     .has_keys = pl_srtp_has_keys,
                                     .destroy = pl_srtp_destroy,
                                     .protect = pl_srtp_protect,
                                     .unprotect = pl_srtp_unprotect};
