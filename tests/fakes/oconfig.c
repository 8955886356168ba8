#include "fakes/oconfig.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void done(oconfig_item_t *item) {
  for (int i = 0; i < item->values_num; i++)
    if (item->values[i].type == OCONFIG_TYPE_STRING)
      free(item->values[i].value.string);
  for (int i = 0; i < item->children_num; i++)
    done(&item->children[i]);
  free(item->key);
  free(item->values);
  free(item->children);
}

void fake_oconfig_free(oconfig_item_t *item) {
  if (item)
    done(item);
  free(item);
}

static const char *blanks(const char *p) {
  while (*p == ' ' || *p == '\t')
    p++;
  return p;
}

static oconfig_item_t *add_child(oconfig_item_t *parent) {
  size_t n = (size_t)parent->children_num + 1;
  parent->children = realloc(parent->children, n * sizeof *parent->children);
  if (!parent->children)
    abort();
  oconfig_item_t *item = &parent->children[n - 1];
  *item = (oconfig_item_t){0};
  parent->children_num = (int)n;
  return item;
}

static oconfig_value_t *add_value(oconfig_item_t *item) {
  size_t n = (size_t)item->values_num + 1;
  item->values = realloc(item->values, n * sizeof *item->values);
  if (!item->values)
    abort();
  item->values_num = (int)n;
  return &item->values[n - 1];
}

/* "text", number, true or false. */
static const char *parse_value(const char *p, oconfig_item_t *item) {
  oconfig_value_t *v = add_value(item);
  if (*p == '"') {
    const char *end = strchr(p + 1, '"');
    v->type = OCONFIG_TYPE_STRING;
    v->value.string = end ? strndup(p + 1, (size_t)(end - p - 1)) : strdup("");
    return end ? end + 1 : NULL;
  }
  size_t n = strcspn(p, " \t\n>");
  char *end;
  v->value.number = strtod(p, &end);
  v->type = OCONFIG_TYPE_NUMBER;
  if (end == p + n && n > 0)
    return end;
  v->type = OCONFIG_TYPE_BOOLEAN;
  v->value.boolean = strncmp(p, "true", 4) == 0;
  return n == 4 || strncmp(p, "false", 5) == 0 ? p + n : NULL;
}

static const char *parse_values(const char *p, oconfig_item_t *item) {
  for (p = blanks(p); p && *p && *p != '\n' && *p != '>';) {
    p = parse_value(p, item);
    p = p ? blanks(p) : NULL;
  }
  return p;
}

static const char *parse_items(const char *p, oconfig_item_t *parent) {
  while (p && *p) {
    p = blanks(p);
    if (*p == '#')
      p += strcspn(p, "\n");
    if (*p == '\n') {
      p++;
      continue;
    }
    if (strncmp(p, "</", 2) == 0)
      return p + strcspn(p, "\n");
    if (!*p)
      break;
    bool block = *p == '<';
    p += block;
    size_t n = strcspn(p, " \t\n>");
    oconfig_item_t *item = add_child(parent);
    item->key = strndup(p, n);
    p = parse_values(p + n, item);
    if (p && block)
      p = parse_items(*p == '>' ? p + 1 : p, item);
  }
  return p;
}

oconfig_item_t *fake_oconfig_parse(const char *text) {
  oconfig_item_t *root = calloc(1, sizeof *root);
  if (!root)
    abort();
  root->key = strdup("Plugin");
  if (parse_items(text, root))
    return root;
  fake_oconfig_free(root);
  return NULL;
}
