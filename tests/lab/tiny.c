/* SPDX-License-Identifier: Apache-2.0 */
/* A guest without an operating system: a multiboot kernel of a few KiB that boots in a third of a second and
 * whose load is exact. It dirties memory at a set rate, burns a set share of its vCPU, and prints a line a
 * second on COM1, so that a counter that goes on proves that it was never restarted.
 *
 * Command line: name=NAME dirty=MIB rate=MIB_PER_S burn=PERCENT fill=MIB (written once, behind what is
 * dirtied: memory that must be sent and stays as it is) swing=PERCENT every=SECONDS (each second stretch of so many
 * seconds it burns this share instead). Serial output: "LAB-GUEST-UP NAME" once,
 * then "tick SECONDS pages DIRTIED" each second. Built by lab_guests.sh (32 bit, freestanding, tiny.ld).
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define MULTIBOOT_MAGIC    0x1BADB002U /* in our header */
#define MULTIBOOT_MEMINFO  0x00000002U
#define MULTIBOOT_LOADED   0x2BADB002U /* in eax when we are started */
#define MULTIBOOT_HAS_ARGS 0x00000004U

#define COM1             0x3f8
#define PIC1             0x20
#define PIC2             0xa0
#define PIT_CHANNEL0     0x40
#define PIT_COMMAND      0x43
#define TICKS_PER_SECOND 100U
#define PIT_DIVISOR      11932 /* 1193182 Hz / 100 */
#define IRQ_BASE         32

#define PAGE_BYTES     4096U
#define PAGES_PER_MIB  256U
#define DIRTY_BASE     0x400000U /* from 4 MiB up: beyond ourselves */
#define CATCH_UP_TICKS 20U       /* after a pause no more than this is made up for */

__attribute__((section(".mb"), used, aligned(4))) static const u32 multiboot_header[3] = {
        MULTIBOOT_MAGIC, MULTIBOOT_MEMINFO, 0U - (MULTIBOOT_MAGIC + MULTIBOOT_MEMINFO)
};

static volatile u32 ticks;
__attribute__((aligned(16), used)) static u8 stack[16384];

void start(void);     /* entry, below */
void timer_irq(void); /* below */
void other_irq(void); /* below */
void timer_tick(void);
void guest_main(u32 magic, const u32 *info);

__asm__(".global start\n"
        "start: cli\n"
        "       mov $stack+16384, %esp\n"
        "       push %ebx\n"
        "       push %eax\n"
        "       call guest_main\n"
        "1:     hlt\n"
        "       jmp 1b\n"
        ".global timer_irq\n"
        "timer_irq: pusha\n"
        "       cld\n"
        "       call timer_tick\n"
        "       popa\n"
        "       iret\n"
        ".global other_irq\n"
        "other_irq: push %eax\n"
        "       mov $0x20, %al\n"
        "       out %al, $0x20\n"
        "       out %al, $0xa0\n"
        "       pop %eax\n"
        "       iret\n");

static inline void outb(u16 port, u8 value) {
        __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline u8 inb(u16 port) {
        u8 value;

        __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
        return value;
}

static inline u64 cycles(void) {
        u64 value;

        __asm__ volatile("rdtsc" : "=A"(value));
        return value;
}

void timer_tick(void) {
        ticks = ticks + 1;
        outb(PIC1, 0x20); /* end of interrupt */
}

/* ---- serial line and command line ---- */

static void serial_open(void) {
        outb(COM1 + 1, 0);    /* no interrupts */
        outb(COM1 + 3, 0x80); /* divisor: 1, 115200 baud */
        outb(COM1, 1);
        outb(COM1 + 1, 0);
        outb(COM1 + 3, 3); /* 8N1 */
        outb(COM1 + 2, 7); /* FIFO on and cleared */
}

static void put_text(const char *s) {
        for (; *s; s++) {
                while (!(inb(COM1 + 5) & 0x20))
                        ;
                outb(COM1, (u8) *s);
        }
}

static void put_number(u32 n) {
        char text[11];
        int i = 10;

        text[i] = '\0';
        do
                text[--i] = (char) ('0' + n % 10);
        while ((n /= 10) > 0);
        put_text(text + i);
}

/* What follows `key` on the command line, or 0. */
static const char *argument(const char *line, const char *key) {
        for (; *line; line++) {
                const char *a = line, *k = key;

                while (*k && *a == *k) {
                        a++;
                        k++;
                }
                if (!*k)
                        return a;
        }
        return 0;
}

static u32 argument_number(const char *line, const char *key) {
        const char *s = argument(line, key);
        u32 n = 0;

        for (; s && *s >= '0' && *s <= '9'; s++)
                n = n * 10 + (u32) (*s - '0');
        return n;
}

static void put_name(const char *line) {
        const char *s = argument(line, "name=");
        char name[64];
        u32 n = 0;

        while (s && *s && *s != ' ' && n < sizeof(name) - 1)
                name[n++] = *s++;
        name[n] = '\0';
        put_text("LAB-GUEST-UP ");
        put_text(name);
        put_text("\n");
}

/* ---- the machine ---- */

typedef struct Gate {
        u16 low, selector;
        u8 zero, type;
        u16 high;
} __attribute__((packed)) Gate;

typedef struct TableRegister {
        u16 limit;
        u32 base;
} __attribute__((packed)) TableRegister;

static Gate gates[256];
static u64 segments[3] = { 0, 0x00cf9a000000ffffULL, 0x00cf92000000ffffULL }; /* null, flat code, flat data */

static void load_segments(void) {
        TableRegister r = { sizeof(segments) - 1, (u32) segments };

        __asm__ volatile("lgdt %0\n"
                         "ljmp $8, $1f\n"
                         "1: mov $16, %%eax\n"
                         "mov %%ax, %%ds\n"
                         "mov %%ax, %%es\n"
                         "mov %%ax, %%ss\n" ::"m"(r)
                         : "eax", "memory");
}

static void load_gates(void) {
        TableRegister r = { sizeof(gates) - 1, (u32) gates };

        for (int i = 0; i < 256; i++) {
                u32 handler = (u32) (i == IRQ_BASE ? timer_irq : other_irq);

                gates[i] = (Gate){
                        .low = (u16) handler, .selector = 8, .type = 0x8e, .high = (u16) (handler >> 16)
                };
        }
        __asm__ volatile("lidt %0" ::"m"(r) : "memory");
}

/* Both PICs moved to IRQ_BASE, only the timer let through, at 100 Hz. */
static void start_timer(void) {
        outb(PIC1, 0x11);
        outb(PIC2, 0x11);
        outb(PIC1 + 1, IRQ_BASE);
        outb(PIC2 + 1, IRQ_BASE + 8);
        outb(PIC1 + 1, 4);
        outb(PIC2 + 1, 2);
        outb(PIC1 + 1, 1);
        outb(PIC2 + 1, 1);
        outb(PIC1 + 1, 0xfe);
        outb(PIC2 + 1, 0xff);
        outb(PIT_COMMAND, 0x34);
        outb(PIT_CHANNEL0, PIT_DIVISOR & 255);
        outb(PIT_CHANNEL0, PIT_DIVISOR >> 8);
        __asm__ volatile("sti");
}

/* How many cycles a tick has, counted over ten. */
static u64 cycles_per_tick(void) {
        u32 t = ticks;
        u64 c;

        while (ticks == t)
                ;
        t = ticks;
        c = cycles();
        while (ticks - t < 10)
                ;
        return (cycles() - c) / 10;
}

/* ---- the load ---- */

typedef struct Dirtier {
        u32 pages, rate; /* to go round in; MiB a second */
        u32 page, credit, seed;
} Dirtier;

/* Content that neither compresses nor repeats. */
static void dirty_page(Dirtier *d) {
        volatile u32 *p = (volatile u32 *) (DIRTY_BASE + d->page % d->pages * PAGE_BYTES);

        for (u32 i = 0; i < PAGE_BYTES / sizeof(u32); i += 32) {
                d->seed = d->seed * 1664525U + 1013904223U;
                p[i] = d->seed;
        }
        d->page++;
}

static void fill_pages(u32 first, u32 n) {
        Dirtier d = { .pages = first + n, .page = first, .seed = 7 };

        while (d.page < first + n)
                dirty_page(&d);
}

/* What is due after `passed` ticks; a credit is a hundredth of a page. */
static void dirty_due(Dirtier *d, u32 passed, u32 now) {
        d->credit += d->rate * PAGES_PER_MIB * passed;
        while (d->credit >= TICKS_PER_SECOND) {
                d->credit -= TICKS_PER_SECOND;
                dirty_page(d);
                if (d->page % 64 == 0 && ticks - now > 1)
                        break; /* slower than asked: the rest is dropped below, the line goes on */
        }
        if (d->credit > TICKS_PER_SECOND * PAGES_PER_MIB)
                d->credit = TICKS_PER_SECOND * PAGES_PER_MIB;
}

typedef struct Burner {
        u32 percent, swing, every; /* every 0: it stays as it is */
} Burner;

static u32 burn_now(const Burner *b, u32 seconds) {
        return b->every > 0 && seconds / b->every % 2 == 1 ? b->swing : b->percent;
}

static void run_load(Dirtier *d, const Burner *burner, u64 tick_cycles) {
        u32 last = ticks, second = ticks, seconds = 0, burn_percent = burner->percent;

        for (;;) {
                u32 now = ticks, passed = now - last;

                if (passed > 0) {
                        last = now;
                        if (d->pages > 0)
                                dirty_due(d, passed < CATCH_UP_TICKS ? passed : CATCH_UP_TICKS, now);
                        for (u64 end = cycles() + tick_cycles * burn_percent / 100; cycles() < end;)
                                ;
                        if (now - second >= TICKS_PER_SECOND) {
                                second = now;
                                put_text("tick ");
                                put_number(++seconds);
                                burn_percent = burn_now(burner, seconds);
                                put_text(" pages ");
                                put_number(d->page);
                                put_text("\n");
                        }
                }
                if (burn_percent < 100)
                        __asm__ volatile("hlt");
        }
}

void guest_main(u32 magic, const u32 *info) {
        const char *line =
                magic == MULTIBOOT_LOADED && (info[0] & MULTIBOOT_HAS_ARGS) ? (const char *) info[4] : "";
        Dirtier d = { .pages = argument_number(line, "dirty=") * PAGES_PER_MIB,
                      .rate = argument_number(line, "rate="),
                      .seed = 1 };
        Burner burner = { .percent = argument_number(line, "burn="),
                          .swing = argument_number(line, "swing="),
                          .every = argument_number(line, "every=") };

        serial_open();
        load_segments();
        load_gates();
        start_timer();
        fill_pages(d.pages, argument_number(line, "fill=") * PAGES_PER_MIB);
        put_name(line);
        run_load(&d, &burner, cycles_per_tick());
}
