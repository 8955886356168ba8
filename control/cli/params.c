#include "cli/params.h"

#include "base/clean.h"
#include "cli/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_param(struct ctl_params *params, struct ctl_param param) {
  if (params->count < CTL_PARAMS)
    params->list[params->count++] = param;
}

void ctl_params_text(struct ctl_params *params, const char *name,
                     const char *text) {
  if (text)
    add_param(params, (struct ctl_param){
                          .name = name, .type = CTL_PARAM_TEXT, .text = text});
}

void ctl_params_texts(struct ctl_params *params, const char *name,
                      const char *const *texts, size_t count) {
  if (count > 0)
    add_param(params, (struct ctl_param){.name = name,
                                         .type = CTL_PARAM_TEXTS,
                                         .texts = texts,
                                         .count = count});
}

void ctl_params_text_map(struct ctl_params *params, const char *name,
                         const char *const *texts, size_t count) {
  if (count > 0)
    add_param(params, (struct ctl_param){.name = name,
                                         .type = CTL_PARAM_TEXT_MAP,
                                         .texts = texts,
                                         .count = count});
}

void ctl_params_integer(struct ctl_params *params, const char *name,
                        int64_t value) {
  add_param(params, (struct ctl_param){.name = name,
                                       .type = CTL_PARAM_INTEGER,
                                       .integer = value});
}

void ctl_params_number(struct ctl_params *params, const char *name,
                       double value) {
  add_param(params, (struct ctl_param){.name = name,
                                       .type = CTL_PARAM_NUMBER,
                                       .number = value});
}

void ctl_params_boolean(struct ctl_params *params, const char *name,
                        bool value) {
  add_param(params, (struct ctl_param){.name = name,
                                       .type = CTL_PARAM_BOOLEAN,
                                       .integer = value});
}

static size_t find_param(const struct ctl_params *params, const char *name) {
  size_t i = 0;
  while (i < params->count && strcmp(params->list[i].name, name) != 0)
    i++;
  return i;
}

void ctl_params_hint(struct ctl_params *params, const char *name) {
  size_t i = find_param(params, name);
  if (i < params->count)
    params->list[i].hint = true;
}

bool ctl_params_drop(struct ctl_params *params, const char *name) {
  size_t i = find_param(params, name);
  if (i == params->count || !params->list[i].hint)
    return false;
  params->count--;
  memmove(&params->list[i], &params->list[i + 1],
          (params->count - i) * sizeof *params->list);
  return true;
}

static size_t name_length(const char *text) { return strcspn(text, "="); }

static bool is_given_again(const struct ctl_param *p, size_t i) {
  size_t length = name_length(p->texts[i]);
  for (size_t k = i + 1; k < p->count; k++)
    if (name_length(p->texts[k]) == length &&
        memcmp(p->texts[k], p->texts[i], length) == 0)
      return true;
  return false;
}

static void put_text_map(const struct ctl_param *p, struct pm_json_out *out) {
  pm_json_object(out);
  for (size_t i = 0; i < p->count; i++) {
    if (is_given_again(p, i))
      continue;
    size_t length = name_length(p->texts[i]);
    PM_CLEAN_MEM char *name = strndup(p->texts[i], length);
    if (!name)
      ctl_out_of_memory();
    const char *own = getenv(name);
    pm_json_key(out, name);
    if (p->texts[i][length])
      pm_json_text(out, p->texts[i] + length + 1);
    else
      pm_json_text(out, own ? own : "");
  }
  pm_json_object_end(out);
}

static void put_value(const struct ctl_param *p, struct pm_json_out *out) {
  switch (p->type) {
  case CTL_PARAM_TEXT:
    pm_json_text(out, p->text);
    break;
  case CTL_PARAM_INTEGER:
    pm_json_integer(out, p->integer);
    break;
  case CTL_PARAM_NUMBER:
    pm_json_real(out, p->number, CTL_DECIMALS);
    break;
  case CTL_PARAM_BOOLEAN:
    pm_json_boolean(out, p->integer != 0);
    break;
  case CTL_PARAM_TEXTS:
    pm_json_array(out);
    for (size_t i = 0; i < p->count; i++)
      pm_json_text(out, p->texts[i]);
    pm_json_array_end(out);
    break;
  case CTL_PARAM_TEXT_MAP:
    put_text_map(p, out);
    break;
  }
}

/* Closes the inner object that is open unless the name is in it, and opens the
 * one that the name is in. */
static void enter_object(struct pm_json_out *out, const char *name, char *inner,
                         size_t size) {
  const char *dot = strchr(name, '.');
  char outer[64] = "";
  if (dot)
    snprintf(outer, sizeof outer, "%.*s", (int)(dot - name), name);
  if (strcmp(outer, inner) == 0)
    return;
  if (*inner)
    pm_json_object_end(out);
  if (*outer) {
    pm_json_key(out, outer);
    pm_json_object(out);
  }
  snprintf(inner, size, "%s", outer);
}

void ctl_params_put(const struct ctl_params *params, struct pm_json_out *out) {
  char inner[64] = "";
  pm_json_object(out);
  for (size_t i = 0; i < params->count; i++) {
    const struct ctl_param *p = &params->list[i];
    const char *dot = strchr(p->name, '.');
    enter_object(out, p->name, inner, sizeof inner);
    pm_json_key(out, dot ? dot + 1 : p->name);
    put_value(p, out);
  }
  enter_object(out, "", inner, sizeof inner);
  pm_json_object_end(out);
}
