/* fuzz_dtls_alert.c - records that come after a handshake: the input as it is,
 * and as what changes on an authentic alert. The first byte is the cipher. */
#include <stdlib.h>
#include <string.h>

#include "io/dtls_alert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static pl_dtls_alerts side(pl_dtls_aead aead, bool is_server)
{
    pl_dtls_alerts a;
    const pl_dtls_secret s = {
        .aead = aead, .is_server = is_server, .master = {1, 2, 3}};
    if (pl_dtls_alerts_derive(&s, &a) != PL_OK)
        abort();
    return a;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const pl_dtls_aead aead = (pl_dtls_aead)(data[0] % PL_DTLS_AEADS);
    pl_dtls_alerts us = side(aead, true);
    pl_dtls_alerts peer = side(aead, false);
    size_t len = size - 1;
    uint8_t *copy = malloc(len); /* of its exact size: reads beyond are seen */
    if (!copy)
        return 0;
    memcpy(copy, data + 1, len);
    (void)pl_dtls_alerts_read(&us, copy, len);
    free(copy);

    uint8_t alert[PL_DTLS_ALERT_MAX];
    uint8_t changed[PL_DTLS_ALERT_MAX];
    size_t alert_len = 0;
    us = side(aead, true);
    if (pl_dtls_alerts_write(&peer, PL_DTLS_CLOSE_NOTIFY, alert, &alert_len) !=
        PL_OK)
        abort();
    memcpy(changed, alert, alert_len);
    for (size_t i = 0; i < len && i < alert_len; i++)
        changed[i] ^= data[1 + i];
    pl_dtls_said want = memcmp(changed, alert, alert_len) == 0
                            ? PL_DTLS_SAID_CLOSE
                            : PL_DTLS_SAID_NOTHING;
    if (pl_dtls_alerts_read(&us, changed, alert_len) != want)
        abort();
    return 0;
}
