/* sip_msg.c - the methods. */
#include "sip_msg.h"

#include <string.h>

static const struct {
    const char *text;
    bool is_handled;
} METHOD[] = {[PL_SIP_UNKNOWN] = {"UNKNOWN", false},
#define METHOD_ROW(name, text, handled) [PL_SIP_##name] = {text, handled},
              PL_SIP_METHODS(METHOD_ROW)};

enum { N_METHODS = sizeof METHOD / sizeof *METHOD };

pl_sip_method pl_sip_method_find(const char *text)
{
    for (unsigned i = 1; i < N_METHODS; i++) {
        if (strcmp(METHOD[i].text, text) == 0)
            return (pl_sip_method)i;
    }
    return PL_SIP_UNKNOWN;
}

const char *pl_sip_method_text(pl_sip_method method)
{
    return METHOD[(unsigned)method < N_METHODS ? method : 0].text;
}

bool pl_sip_method_is_handled(pl_sip_method method)
{
    return (unsigned)method < N_METHODS && METHOD[method].is_handled;
}
