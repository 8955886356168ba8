#include "core/identity/container.h"

#include "base/copy.h"

#include <stdio.h>
#include <string.h>

enum {
  ID = 64,       /* hexadecimal digits of a container's id */
  SHORT_ID = 12, /* as docker and podman show it */
  POD_ID = 8,
  PART = 256, /* NAME_MAX and a NUL */
};

/* One directory of the path, and the one that it is in. */
struct part {
  char text[PART], outer[PART];
};

struct found {
  char *name;
  size_t size;
  bool is_id;
};

static bool give(struct found *f, const char *name, size_t length) {
  if (length == 0 || length >= f->size)
    return false;
  pm_copy(f->name, f->size, name, length);
  f->is_id = false;
  return true;
}

static bool give_id(struct found *f, const char *runtime, const char *id,
                    int digits) {
  int n = snprintf(f->name, f->size, "%s-%.*s", runtime, digits, id);
  f->is_id = true;
  return n > 0 && (size_t)n < f->size;
}

static size_t hex_digits(const char *s) {
  return strspn(s, "0123456789abcdef");
}

/* What stands behind a prefix, or NULL. */
static const char *behind(const char *text, const char *prefix) {
  size_t n = strlen(prefix);
  return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

/* The length of the text without that end; 0: it has another. */
static size_t length_before(const char *text, const char *end) {
  size_t n = strlen(text), cut = strlen(end);
  return n > cut && strcmp(text + n - cut, end) == 0 ? n - cut : 0;
}

/* ---- ids ---- */

/* PREFIX-ID.scope by systemd, PREFIX-ID without it.  What watches a container,
 * as libpod-conmon-ID.scope, is none. */
static bool find_scope(const struct part *p, struct found *f) {
  static const struct {
    const char *prefix, *runtime;
  } kinds[] = {
      {"docker-", "docker"},
      {"libpod-", "podman"},
      {"cri-containerd-", "containerd"},
      {"nerdctl-", "containerd"},
      {"crio-", "crio"},
  };
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    const char *id = behind(p->text, kinds[i].prefix);
    if (id && hex_digits(id) == ID &&
        (id[ID] == '\0' || strcmp(id + ID, ".scope") == 0))
      return give_id(f, kinds[i].runtime, id, SHORT_ID);
  }
  return false;
}

/* /docker/ID; of containerd /NAMESPACE/ID, and SLICE:cri-containerd:ID where
 * it was told of systemd's notation and does not use it. */
static bool find_bare_id(const struct part *p, struct found *f) {
  const char *colon = strrchr(p->text, ':');
  const char *id = colon ? colon + 1 : p->text;
  if (hex_digits(id) != ID || id[ID])
    return false;
  bool docker = strcmp(p->outer, "docker") == 0;
  return give_id(f, docker ? "docker" : "containerd", id, SHORT_ID);
}

/* podUID below kubepods, or kubepods-QOS-podUID.slice, in which the dashes of
 * the UID are underscores. */
static bool find_pod(const struct part *p, struct found *f) {
  const char *uid = behind(p->text, "pod");
  if (!uid && behind(p->text, "kubepods"))
    uid = strstr(p->text, "-pod") ? strstr(p->text, "-pod") + 4 : NULL;
  if (!uid || hex_digits(uid) < POD_ID ||
      strspn(uid, "0123456789abcdef-_") < 32)
    return false;
  return give_id(f, "pod", uid, POD_ID);
}

/* ---- names ---- */

static int hex_value(char c) {
  const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
  return at ? (int)(at - digits) : -1;
}

/* systemd-escape(1): \x2d is '-'. */
static size_t unescape(char *text, size_t length) {
  size_t n = 0;
  for (size_t i = 0; i < length; i++) {
    int high = i + 3 < length && text[i] == '\\' && text[i + 1] == 'x'
                   ? hex_value(text[i + 2])
                   : -1;
    int low = high >= 0 ? hex_value(text[i + 3]) : -1;
    text[n++] = low >= 0 ? (char)(high * 16 + low) : text[i];
    i += low >= 0 ? 3 : 0;
  }
  return n;
}

/* systemd-nspawn@NAME.service, or what systemd-machined registers:
 * machine-NAME.scope, of libvirt machine-lxc-NUMBER-NAME.scope; a virtual
 * machine (qemu) is no container. */
static bool find_machine(const struct part *p, struct found *f) {
  char text[PART];
  pm_copy_text(text, sizeof text, p->text);
  const char *service = behind(text, "systemd-nspawn@");
  const char *scope = behind(text, "machine-");
  size_t length = service ? length_before(service, ".service")
                  : scope ? length_before(scope, ".scope")
                          : 0;
  if (length == 0)
    return false;
  char *name = text + ((service ? service : scope) - text);
  length = unescape(name, length);
  name[length] = '\0';
  if (scope && behind(name, "qemu-"))
    return false;
  const char *libvirt = scope ? behind(name, "lxc-") : NULL;
  size_t number = libvirt ? strspn(libvirt, "0123456789") : 0;
  if (number && libvirt[number] == '-')
    return give(f, libvirt + number + 1, strlen(libvirt + number + 1));
  return give(f, name, length);
}

/* lxc.payload.NAME (since 4.0), /lxc.payload/NAME, /lxc/NAME. */
static bool find_lxc(const struct part *p, struct found *f) {
  const char *name = behind(p->text, "lxc.payload.");
  bool inside =
      strcmp(p->outer, "lxc.payload") == 0 || strcmp(p->outer, "lxc") == 0;
  if (!name && inside)
    name = p->text;
  return name && give(f, name, strlen(name));
}

/* ---- the path ---- */

static bool find_in(const struct part *p, struct found *f) {
  return find_pod(p, f) || find_scope(p, f) || find_bare_id(p, f) ||
         find_machine(p, f) || find_lxc(p, f);
}

bool pm_container_of(const char *cgroup, char *ret, size_t size,
                     bool *ret_is_id) {
  char name[PART];
  struct found f = {.name = name, .size = size < PART ? size : PART};
  struct part p = {.text = ""};
  for (const char *at = cgroup; *at;) {
    size_t length = strcspn(at, "/");
    if (length > 0) {
      pm_copy_text(p.outer, sizeof p.outer, p.text);
      pm_copy(p.text, sizeof p.text, at, length < PART ? length : 0);
      if (find_in(&p, &f)) {
        pm_copy_text(ret, size, name);
        *ret_is_id = f.is_id;
        return true;
      }
    }
    at += length;
    at += *at == '/';
  }
  return false;
}
