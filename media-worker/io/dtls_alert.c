/* dtls_alert.c - alert records over OpenSSL's ciphers.
 *
 *   header of 13 bytes | explicit nonce, 8 (GCM) | level, description | tag, 16
 */
#include "io/dtls_alert.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "core/be.h"
#include "core/dtls_record.h"
#include "pl/buf.h"

enum {
    ALERT = 2,
    TAG = 16,
    NONCE = 12,
    EXPLICIT = 8, /* bytes of a nonce that travel, GCM */
    AAD = 13,
    EPOCH = 1,
    VERSION = 0xfefd, /* DTLS 1.2 */
    LEVEL_WARNING = 1,
    LEVEL_FATAL = 2,
    KEY_BLOCK = 2 * (32 + NONCE)
};
static const uint64_t SEQ_MAX = 0xffffffffffffU;

static const struct {
    const EVP_CIPHER *(*cipher)(void);
    size_t key, iv; /* bytes; iv: the part that both sides know */
    bool is_gcm;
} suites[PL_DTLS_AEADS] = {
    [PL_DTLS_AES_128_GCM] = {EVP_aes_128_gcm, 16, 4, true},
    [PL_DTLS_AES_256_GCM] = {EVP_aes_256_gcm, 32, 4, true},
    [PL_DTLS_CHACHA20_POLY1305] = {EVP_chacha20_poly1305, 32, NONCE, false},
};

static void put64(uint8_t *p, uint64_t v)
{
    pl_be_put32(p, (uint32_t)(v >> 32));
    pl_be_put32(p + 4, (uint32_t)v);
}

/* ---- keys --------------------------------------------------------------- */

/* RFC 5246 sections 5 and 6.3: "key expansion", the server's random first. */
static bool expand(const pl_dtls_secret *s, uint8_t *out, size_t len)
{
    static char sha256[] = "SHA256";
    static char sha384[] = "SHA384";
    uint8_t seed[2 * PL_DTLS_RANDOM];
    static char label[] = "key expansion";
    memcpy(seed, s->server_random, PL_DTLS_RANDOM);
    memcpy(seed + PL_DTLS_RANDOM, s->client_random, PL_DTLS_RANDOM);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                         s->has_sha384 ? sha384 : sha256, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET,
                                          (void *)(uintptr_t)s->master,
                                          PL_DTLS_MASTER),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label,
                                          sizeof label - 1),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed,
                                          sizeof seed),
        OSSL_PARAM_construct_end()};
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    bool is_ok = ctx && EVP_KDF_derive(ctx, out, len, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return is_ok;
}

pl_err pl_dtls_alerts_derive(const pl_dtls_secret *s,
                             pl_dtls_alerts *ret_alerts)
{
    uint8_t block[KEY_BLOCK];
    size_t key = suites[s->aead].key;
    size_t iv = suites[s->aead].iv;
    bool is_ok = expand(s, block, 2 * (key + iv));
    if (is_ok) {
        pl_dtls_alerts a = {.aead = s->aead};
        pl_dtls_way *client = s->is_server ? &a.in : &a.out;
        pl_dtls_way *server = s->is_server ? &a.out : &a.in;
        memcpy(client->key, block, key);
        memcpy(server->key, block + key, key);
        memcpy(client->iv, block + 2 * key, iv);
        memcpy(server->iv, block + 2 * key + iv, iv);
        *ret_alerts = a;
        pl_wipe(&a, sizeof a);
    }
    pl_wipe(block, sizeof block);
    return is_ok ? PL_OK : PL_EINTERNAL;
}

/* ---- records ------------------------------------------------------------ */

/* Nonce and additional data of the record with that number. Sources: RFC 5246
 * section 6.2.3.3, RFC 5288 section 3, RFC 7905 section 2, RFC 6347 section
 * 4.1.2.1 (epoch and number are the sequence number) */
static void frame(pl_dtls_aead aead, const pl_dtls_way *way, uint64_t seq,
                  const uint8_t *explicit_nonce, uint8_t nonce[NONCE],
                  uint8_t aad[AAD])
{
    put64(aad, (uint64_t)EPOCH << 48 | seq);
    aad[8] = PL_DTLS_ALERT;
    pl_be_put16(aad + 9, VERSION);
    pl_be_put16(aad + 11, ALERT);
    memcpy(nonce, way->iv, NONCE);
    if (suites[aead].is_gcm) {
        memcpy(nonce + NONCE - EXPLICIT, explicit_nonce, EXPLICIT);
        return;
    }
    for (size_t i = 0; i < 8; i++)
        nonce[NONCE - 8 + i] ^= aad[i];
}

/* Both directions of a cipher: text in[ALERT] to out, tag read or written. */
static bool crypt(pl_dtls_aead aead, const pl_dtls_way *way,
                  const uint8_t *nonce, const uint8_t *aad, const uint8_t *in,
                  uint8_t out[ALERT], uint8_t tag[TAG], bool is_out)
{
    uint8_t none[TAG];
    int n = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool is_ok = ctx &&
                 EVP_CipherInit_ex(ctx, suites[aead].cipher(), NULL, way->key,
                                   nonce, is_out) == 1 &&
                 (is_out || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG,
                                                tag) == 1) &&
                 EVP_CipherUpdate(ctx, NULL, &n, aad, AAD) == 1 &&
                 EVP_CipherUpdate(ctx, out, &n, in, ALERT) == 1 && n == ALERT &&
                 EVP_CipherFinal_ex(ctx, none, &n) == 1 &&
                 (!is_out || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG,
                                                 TAG, tag) == 1);
    EVP_CIPHER_CTX_free(ctx);
    return is_ok;
}

static size_t body_len(pl_dtls_aead aead)
{
    return (suites[aead].is_gcm ? EXPLICIT : 0U) + ALERT + TAG;
}

static pl_dtls_said read_record(pl_dtls_alerts *a, const pl_dtls_record *r)
{
    uint8_t nonce[NONCE];
    uint8_t aad[AAD];
    uint8_t alert[ALERT];
    uint8_t tag[TAG];
    if (r->type != PL_DTLS_ALERT || r->minor != (VERSION & 0xff) ||
        r->epoch != EPOCH || r->seq < a->in.seq || r->len != body_len(a->aead))
        return PL_DTLS_SAID_NOTHING;
    const uint8_t *text = r->body + r->len - TAG - ALERT;
    memcpy(tag, text + ALERT, TAG);
    frame(a->aead, &a->in, r->seq, r->body, nonce, aad);
    if (!crypt(a->aead, &a->in, nonce, aad, text, alert, tag, false))
        return PL_DTLS_SAID_NOTHING;
    a->in.seq = r->seq + 1;
    return alert[0] == LEVEL_FATAL || alert[1] == PL_DTLS_CLOSE_NOTIFY
               ? PL_DTLS_SAID_CLOSE
               : PL_DTLS_SAID_WARNING;
}

pl_dtls_said pl_dtls_alerts_read(pl_dtls_alerts *a, const uint8_t *data,
                                 size_t len)
{
    pl_dtls_said said = PL_DTLS_SAID_NOTHING;
    pl_dtls_record r;
    size_t at = 0;
    while (said != PL_DTLS_SAID_CLOSE &&
           pl_dtls_next_record(data, len, &at, &r)) {
        pl_dtls_said one = read_record(a, &r);
        if (one > said)
            said = one;
    }
    return said;
}

pl_err pl_dtls_alerts_write(pl_dtls_alerts *a, uint8_t description,
                            uint8_t ret[PL_DTLS_ALERT_MAX], size_t *ret_len)
{
    const uint8_t alert[ALERT] = {LEVEL_WARNING, description};
    uint8_t nonce[NONCE];
    uint8_t aad[AAD];
    size_t len = body_len(a->aead);
    uint8_t *body = ret + PL_DTLS_RECORD_HEADER;
    uint8_t *text = body + len - TAG - ALERT;
    if (a->out.seq > SEQ_MAX)
        return PL_EINTERNAL;
    if (suites[a->aead].is_gcm)
        put64(body, a->nonce);
    frame(a->aead, &a->out, a->out.seq, body, nonce, aad);
    if (!crypt(a->aead, &a->out, nonce, aad, alert, text, text + ALERT, true))
        return PL_EINTERNAL;
    ret[0] = PL_DTLS_ALERT;
    pl_be_put16(ret + 1, VERSION);
    put64(ret + 3, (uint64_t)EPOCH << 48 | a->out.seq);
    pl_be_put16(ret + 11, (uint16_t)len);
    a->out.seq++;
    a->nonce++;
    *ret_len = PL_DTLS_RECORD_HEADER + len;
    return PL_OK;
}
