# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` brings, and the Debian packages with it (debian/*.install sort it into them).
set(CMAKE_INSTALL_SYSCONFDIR /etc CACHE PATH "where programs and units read their settings, whatever the prefix")
include(GNUInstallDirs)
set(SYSTEMD_UNIT_DIR lib/systemd/system CACHE STRING "where systemd's units go, below the prefix unless it begins with /")

# ---- programs ----
install(TARGETS plimsoll DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS plimsolld plimsoll-agent DESTINATION ${CMAKE_INSTALL_SBINDIR})

# ---- units; users and folders they need ----
file(GLOB units RELATIVE ${CMAKE_SOURCE_DIR}/deploy/systemd ${CMAKE_SOURCE_DIR}/deploy/systemd/*.service.in)
foreach(unit ${units})
  string(REGEX REPLACE "\\.in$" "" name ${unit})
  configure_file(deploy/systemd/${unit} ${CMAKE_BINARY_DIR}/systemd/${name} @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/systemd/${name} DESTINATION ${SYSTEMD_UNIT_DIR})
endforeach()
install(FILES deploy/systemd/plimsoll-agent.service.d/disks.conf deploy/systemd/plimsoll-agent.service.d/lldp.conf
  deploy/systemd/plimsoll-agent.service.d/raid.conf DESTINATION ${CMAKE_INSTALL_DOCDIR}/plimsoll-agent.service.d)
foreach(daemon plimsolld plimsoll-agent)
  install(FILES deploy/systemd/${daemon}.sysusers DESTINATION lib/sysusers.d RENAME ${daemon}.conf)
  install(FILES deploy/systemd/${daemon}.tmpfiles DESTINATION lib/tmpfiles.d RENAME ${daemon}.conf)
  install(FILES deploy/systemd/${daemon}.default DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/default RENAME ${daemon}
    PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ) # Redis' password may stand in it
endforeach()

# ---- manual pages, completions, the sample of settings: made from the programs' own tables ----
add_executable(manual deploy/manual/manual_main.c)
target_link_libraries(manual app col_agent)
target_compile_definitions(manual PRIVATE PLIMSOLL_DATE="${PLIMSOLL_DATE}")
set(manual_dir ${CMAKE_BINARY_DIR}/man)
file(MAKE_DIRECTORY ${manual_dir})
add_custom_command(OUTPUT ${manual_dir}/plimsoll.1 COMMAND manual ${manual_dir} DEPENDS manual COMMENT "Writing the manual pages")
add_custom_target(manual_pages ALL DEPENDS ${manual_dir}/plimsoll.1)
install(DIRECTORY ${manual_dir}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
install(DIRECTORY ${manual_dir}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 FILES_MATCHING PATTERN "*.5")
install(DIRECTORY ${manual_dir}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 FILES_MATCHING PATTERN "*.8")
install(FILES ${manual_dir}/plimsoll.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME plimsoll)
install(FILES ${manual_dir}/_plimsoll DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${manual_dir}/plimsoll.yaml DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/plimsoll)

# ---- for those who watch it: alert rules, a dashboard ----
install(FILES deploy/prometheus/alerts.yml DESTINATION ${CMAKE_INSTALL_DATADIR}/plimsoll/prometheus)
install(FILES deploy/grafana/plimsoll.json DESTINATION ${CMAKE_INSTALL_DATADIR}/plimsoll/grafana)

# ---- documents ----
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN "*.svg" PATTERN "*.json")
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY deploy/examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
