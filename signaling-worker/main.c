/* main.c - parley-signaling. */
#include "app.h"
#include "pl/process.h"

int main(int argc, char **argv)
{
    return pl_process_main(&PL_SIGNALING_APP, argc, argv);
}
