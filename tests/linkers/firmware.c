// Firmware without a library: what compilers and linkers make of it that holds an address. It is linked twice, once for each
// slot, and never run.

#include <stdint.h>

extern uint32_t _stack_start, __sidata, __sdata, __edata, __sbss, __ebss;
extern void nowhere(void) __attribute__((weak));

volatile uint32_t port;

static const char *const names[] = {"idle", "busy", "failed"};
static uint32_t shared;
uint32_t *const to_ram = &shared;

static int twice(int number) { return 2 * number; }
static int thrice(int number) { return 3 * number; }
static int (*const operations[])(int) = {twice, thrice};

#ifdef WITH_DATA
// Initialised, so it lies in flash and is copied to RAM: addresses of flash among the data.
int (*chosen)(int) = thrice;
const char *name = "a name";
struct node { struct node *next; const char *text; } nodes[] = {{&nodes[1], "first"}, {0, "second"}};

__attribute__((noinline)) static uint32_t in_flash(uint32_t number) { return port + number; }

// Runs from RAM, and calls into flash, as it is called from there: too far for a branch, so the linker puts veneers between.
__attribute__((section(".data.ramfunc"), noinline)) void write_flash(int number) {
    port = in_flash(number) + (uint32_t)names[number & 1];
    if (nowhere) nowhere();
}
#endif

// A switch that the compiler makes a table of.
__attribute__((noinline)) static uint32_t decide(uint32_t number) {
    switch (number) {
    case 0: return port;
    case 1: return port + 77;
    case 2: return 3 * port;
    case 3: return port ^ 0x55;
    case 4: return port >> 3;
    case 5: return (uint32_t)&decide;
    case 6: return (uint32_t)names[port & 1];
    case 7: return (uint32_t)to_ram;
    default: return 0;
    }
}

__attribute__((noreturn)) void reset(void) {
    uint32_t *from = &__sidata;
    for (uint32_t *to = &__sdata; to < &__edata;) *to++ = *from++;
    for (uint32_t *to = &__sbss; to < &__ebss;) *to++ = 0;
    nowhere();
    for (uint32_t number = 0;; number++) {
        port = decide(number) + operations[number & 1](number);
#ifdef WITH_DATA
        port += chosen(number) + (uint32_t)nodes[0].next->text + (uint32_t)name;
        write_flash(number);
#endif
    }
}

static void unexpected(void) {
    for (;;) {}
}

__attribute__((section(".vector_table"), used)) static const void *const vectors[] = {
    &_stack_start, reset, unexpected, unexpected, 0, 0, 0, 0, 0, 0, 0, unexpected, 0, 0, unexpected, unexpected,
};
