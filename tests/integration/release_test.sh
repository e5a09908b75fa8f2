#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# deploy/release, in a clone of the tree: what it makes without packages is whole, and what is amiss before a release is named, with nothing made.
# The packages: tests/fresh --packages.
set -u
DIR=$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-release.XXXXXX")
trap 'rm -rf "$DIR"' EXIT
failed=0
check() { # WHAT COMMAND…
	local what=$1
	shift
	if "$@" >"$DIR/said" 2>&1; then echo "ok      $what"; else failed=1; echo "FAILED  $what"; head -n 20 "$DIR/said"; fi
}
git clone -q --no-tags . "$DIR/tree" 2>/dev/null && cd "$DIR/tree" || exit 1
cp "$OLDPWD/deploy/release" deploy/release # as it is in the tree at the moment, if it is not committed
git config user.name tests && git config user.email tests@plimsoll.invalid
version=$(sed -nE 's/^project\(plimsoll VERSION ([0-9.]+) .*/\1/p' CMakeLists.txt)
date=$(sed -nE 's/^set\(PLIMSOLL_DATE ([0-9-]+)\).*/\1/p' CMakeLists.txt)
save() { git add -A && git commit -qm "$1" --allow-empty; }
save "as it is"
out=build/release-$version

# ---- what is made ----
check "a dry run ends well" deploy/release --dry-run
check "the tarball has each file of the commit, and no other" diff <(git ls-files -z | tr '\0' '\n' | sort) <(tar -tzf "$out/plimsoll-$version.tar.gz" --quoting-style=literal | grep -v '/$' | cut -d/ -f2- | sort)
check "… and is the same again" sh -c "cp $out/plimsoll-$version.tar.gz $DIR/before && deploy/release --dry-run && cmp $DIR/before $out/plimsoll-$version.tar.gz"
check "the checksums are right" sh -c "cd $out && sha256sum -c SHA256SUMS && [ \$(wc -l <SHA256SUMS) = 1 ]"
last=$(awk '/^## / { n++ } n == 1 && /./ { line = $0 } END { print line }' CHANGELOG.md)
check "the tag's text is the version and its changes, to the last line" sh -c 'head -n 1 "$1" | grep -qx "Plimsoll $2" && tail -n 1 "$1" | grep -qxF -- "$3"' sh "$out/tag.txt" "$version" "$last"
check "the tree is untouched, and no tag is set" [ -z "$(git status --porcelain)$(git tag)" ]
sed -i "0,/^## .*/s//## $version ($date)/" CHANGELOG.md && save "dated"
check "with the date in CHANGELOG.md nothing is noticed" sh -c '! deploy/release --dry-run | grep notice'
check "the tag it tells of can be set, with all of the text" sh -c "$(deploy/release --dry-run | sed -n 's/^then: //p') && [ \$(git tag -l --format='%(contents)' v$version | sed '/^\$/d' | wc -l) = \$(sed '/^\$/d' $out/tag.txt | wc -l) ]"

# ---- what is amiss ----
# refused WHAT REGEX: exit 2, that is said, and nothing is made
refused() {
	rm -rf build/release-*
	deploy/release >"$DIR/refusal" 2>&1
	[ $? = 2 ] && grep -qE "$2" "$DIR/refusal" && ! ls -d build/release-* 2>/dev/null || { failed=1; echo "FAILED  $1"; cat "$DIR/refusal"; return; }
	echo "ok      refused: $1: $(grep -E "$2" "$DIR/refusal" | head -n 1 | cut -c1-110)"
}
refused "a version that has its tag" "there is a tag v$version already"
git tag -d "v$version" >/dev/null
# spoiled WHAT REGEX FILE SED: with that change committed
spoiled() {
	sed -i "$4" "$3" && ! git diff --quiet || { failed=1; echo "FAILED  nothing was spoiled in $3"; return; }
	save "$1"
	refused "$1" "$2"
	git reset -q --hard HEAD~
}
spoiled "a version that CHANGELOG.md does not have" "CHANGELOG.md:[0-9]+: '## 9.9.9" CHANGELOG.md "0,/^## .*/s//## 9.9.9 ($date)/"
spoiled "not released" "CHANGELOG.md:[0-9]+: .*not released" CHANGELOG.md "0,/^## .*/s//## $version (not released)/"
spoiled "another day" "CHANGELOG.md:[0-9]+: .*1999-01-01" CHANGELOG.md "0,/^## .*/s//## $version (1999-01-01)/"
spoiled "a version of which nothing is said" "nothing is said of $version" CHANGELOG.md "0,/^## .*/s//## $version ($date)\n\n## 0.0.9 (1999-01-01)/"
spoiled "another version of the packages" "deploy/debian/changelog:1: version '9.9.9'" deploy/debian/changelog '1s/(.*)/(9.9.9)/'
spoiled "another day of the packages" "its first entry is of '1999-11-29'" deploy/debian/changelog '0,/^ -- /s/^ -- \(.*>  \).*/ -- \1Mon, 29 Nov 1999 00:00:00 +0000/'
spoiled "no version in CMakeLists.txt" "CMakeLists.txt: no 'project" CMakeLists.txt 's/^project(.*/project(plimsoll)/'
echo >>README.md
refused "what is not committed" "not committed: README.md"
git checkout -q README.md
rm -rf .git
refused "a tree without git" "no git repository"
[ $failed = 0 ]
