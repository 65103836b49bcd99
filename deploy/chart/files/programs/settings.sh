#!/bin/sh
# The settings, and the revision: the hash of programs, settings and binaries.

SETTINGS=${SETTINGS_DIR:-/settings}
RELEASE=host

# Each setting is a file of a ConfigMap, so that kustomize and Helm can change one of them. The host gets all of them as
# settings.env, quoted: no value is read as code.
quote_settings() {
  for setting in "$SETTINGS"/*; do
    printf "%s='%s'\n" "$(basename "$setting")" "$(sed "s/'/'\\\\''/g" "$setting")" || return 1
  done
}

read_settings() {
  quote_settings >"$SCRATCH/settings.env" || return 1
  # shellcheck source=/dev/null
  . "$SCRATCH/settings.env"
}

# set_revision: sets RELEASE, the hash of the image's binaries, and REVISION, the hash of everything that a node runs. Once, when the pod starts.
set_revision() {
  if [ "$SOURCE" = image ]; then
    # An image without them is reported when they are copied.
    RELEASE=$(cd "$IMAGE_BINARIES" && sha256sum sysbox-runc sysbox-fs sysbox-mgr | sha256sum | cut -c1-16) || RELEASE=missing
    forget "$IMAGE_BINARIES"
  fi
  REVISION=$({ cat "$HERE"/* "$SCRATCH/settings.env" && echo "$RELEASE"; } | sha256sum | cut -c1-10)
}

# forget DIRECTORY: drops its files from the page cache, which would count as this pod's memory for as long as it lives.
forget() {
  for file in "$1"/*; do dd if="$file" iflag=nocache count=0 2>/dev/null || true; done
}
