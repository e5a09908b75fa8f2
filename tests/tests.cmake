# SPDX-License-Identifier: Apache-2.0
# Every tests/{unit,contract,property,scenarios}/*_test.c is a Criterion program and a ctest of its name; those
# in tests/integration have the label "slow". Shell tests are named one by one below.
pkg_check_modules(CRITERION REQUIRED IMPORTED_TARGET criterion)

# tests/no_git.c stands for libgit2, if this Criterion is linked with it: 5 ms less for each of some 1,400 cases.
execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${CRITERION_LINK_LIBRARIES} OUTPUT_VARIABLE needed ERROR_QUIET)
string(REGEX MATCH "libgit2(\\.so[.0-9]*)" libgit2 "${needed}")
if(libgit2)
  add_library(no_git SHARED tests/no_git.c)
  set_target_properties(no_git PROPERTIES OUTPUT_NAME git2 SUFFIX ${CMAKE_MATCH_1} LIBRARY_OUTPUT_DIRECTORY no_git)
  target_compile_options(no_git PRIVATE -fno-sanitize=all)
  target_link_options(no_git PRIVATE -fno-sanitize=all)
endif()

# These wait for threads and time limits and hardly compute: many cases at once.
set(WAITS executor_fake_test executor_libvirt_test redfish_test)

# These take long: the fast suite tries an eighth of their random cases (tests/seeds.h); with the labels slow and seeds, all.
set(WHOLE_LATER planner_property_test failed_moves_property_test rules_property_test plan_time_property_test
  schedule_property_test plan_gain_property_test why_property_test about_property_test goals_property_test
  judge_property_test booking_property_test exact_test failover_property_test urgent_plan_property_test near_property_test keyed_hash_test
  scarce_memory_property_test span_property_test numa_property_test memory_property_test relief_property_test reserve_property_test
  kind_property_test place_property_test plan_modes_property_test search_capped_test libvirt_start_test)

# What tests share and no program has: executors in simulated time and dry ones.
add_library(test_support STATIC tests/support/executor_dry.c tests/support/executor_simulated.c)
target_link_libraries(test_support PUBLIC act)

function(criterion_tests folder label)
  file(GLOB sources CONFIGURE_DEPENDS tests/${folder}/*_test.c)
  if(NOT WITH_GLPK)
    list(FILTER sources EXCLUDE REGEX "/(lp|tree|exact)_test\\.c$") # of scheduler/milp
  endif()
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_link_libraries(${name} test_support app PkgConfig::CRITERION)
    if(libgit2)
      add_dependencies(${name} no_git)
      target_link_options(${name} PRIVATE -Wl,--disable-new-dtags,-rpath,${CMAKE_BINARY_DIR}/no_git) # also what libraries need
    endif()
    target_compile_definitions(${name} PRIVATE SOURCE_DIR="${CMAKE_SOURCE_DIR}" BUILD_DIR="${CMAKE_BINARY_DIR}")
    set(jobs 2)
    if(name IN_LIST WAITS)
      set(jobs 16)
    endif()
    add_test(NAME ${name} COMMAND ${name} --jobs ${jobs})
    if(label STREQUAL fast)
      set_property(GLOBAL APPEND PROPERTY FAST_TESTS ${name})
    endif()
    set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 180)
    if(SANITIZE) # a leak is seen as a case's process ends, and Criterion heeds no exit status of one that has passed
      set_tests_properties(${name} PROPERTIES FAIL_REGULAR_EXPRESSION "ERROR: LeakSanitizer")
    endif()
    if(name IN_LIST WHOLE_LATER)
      set_tests_properties(${name} PROPERTIES ENVIRONMENT PLIMSOLL_PART=8)
      add_test(NAME ${name}_whole COMMAND ${name} --jobs ${jobs})
      # of four that run at once, two: they compute, where stories wait
      set_tests_properties(${name}_whole PROPERTIES LABELS "slow;seeds" TIMEOUT 600 PROCESSORS 2)
      if(SANITIZE)
        set_tests_properties(${name}_whole PROPERTIES FAIL_REGULAR_EXPRESSION "ERROR: LeakSanitizer")
      endif()
    endif()
  endforeach()
endfunction()
if(NOT FUZZ)
  criterion_tests(unit fast)
  criterion_tests(contract fast)
  criterion_tests(property fast)
  criterion_tests(scenarios fast)
  criterion_tests(integration slow)
  foreach(function evaluator_refuse evaluator_delta evaluator_move rule_broken) # it counts the calls
    target_link_options(plan_time_property_test PRIVATE -Wl,--wrap=${function})
  endforeach()
  foreach(test problem_once_test service_problem_test) # they count the calls
    target_link_options(${test} PRIVATE -Wl,--wrap=problem_build)
  endforeach()
  target_link_options(plan_complain_test PRIVATE -Wl,--wrap=plan_check_in_time)
  foreach(function store_put_told store_put_audit store_get_answers) # they fail once; an answer comes meanwhile
    target_link_options(hand_over_test PRIVATE -Wl,--wrap=${function})
  endforeach()
  target_link_options(executor_defaults_test PRIVATE -Wl,--wrap=hub_new)
  foreach(function clock_monotonic clock_sleep libvirt_thread libvirt_connect hub_wait hub_lock hub_unlock) # tests/scripted_libvirt.h
    target_link_options(migration_recorded_test PRIVATE -Wl,--wrap=${function})
  endforeach()
  foreach(function store_lease store_release store_lease_healed store_hurry store_free store_url clock_monotonic clock_sleep
    thread_begin pthread_join pthread_mutex_lock pthread_mutex_unlock pthread_mutex_destroy)
    target_link_options(leadership_recorded_test PRIVATE -Wl,--wrap=${function})
  endforeach()
  # What is wide begins first: a build that has not run its tests yet does not know how long they take.
  set_tests_properties(planner_property_test hanging_test rules_property_test schedule_property_test executor_fake_test executor_libvirt_test redfish_test
    goals_property_test exact_test scenario_test fault_fixtures_test fault_mutation_test setup_host_test PROPERTIES COST 10)
endif()

# The second judge, and the plans it is asked of (tests/judge/README.md); fewer where planning is slow. 10,000: tests/long/second_judge.
if(NOT FUZZ)
  add_executable(random_plans tests/judge/random_plans.c)
  target_link_libraries(random_plans app)
  add_test(NAME second_judge COMMAND ${CMAKE_SOURCE_DIR}/tests/judge/agree.py $<TARGET_FILE:random_plans> 1 $<IF:$<BOOL:${SANITIZE}>,50,60>)
  set_tests_properties(second_judge PROPERTIES LABELS fast)
  add_test(NAME second_judge_whole COMMAND ${CMAKE_SOURCE_DIR}/tests/judge/agree.py $<TARGET_FILE:random_plans> 1 $<IF:$<BOOL:${SANITIZE}>,100,400>)
  set_tests_properties(second_judge_whole PROPERTIES LABELS "slow;seeds" TIMEOUT 600)
endif()

# Programs that stories use.
add_executable(migrate_one tests/integration/migrate_one.c)
target_link_libraries(migrate_one act_libvirt)
if(NOT FUZZ)
  add_executable(command_batch tests/schemas/command_batch.c)
  target_link_libraries(command_batch app)
endif()

# The page's stories are told of plimsolld on a simulated executor; tests/page has them.
if(NOT FUZZ)
  add_executable(page_service tests/page/page_service.c scheduler/app/plimsolld_main.c)
  target_link_libraries(page_service test_support app)
  target_link_options(page_service PRIVATE -Wl,--wrap=executor_libvirt_open -Wl,--wrap=domain_state_read)
endif()

# Preloaded into a redis-server of a test: its clock is the test's (world_test.c).
add_library(redis_clock MODULE tests/integration/redis_clock.c)
target_compile_options(redis_clock PRIVATE -fno-sanitize=all)
target_link_options(redis_clock PRIVATE -fno-sanitize=all)

# The whole service in worlds drawn from seeds: no test, but tests/simulation/soak, by hand.
if(NOT FUZZ)
  file(GLOB simulation CONFIGURE_DEPENDS tests/simulation/*.c)
  add_executable(simulation ${simulation})
  target_link_libraries(simulation app)
  target_compile_definitions(simulation PRIVATE BUILD_DIR="${CMAKE_BINARY_DIR}")
  target_link_options(simulation PRIVATE -Wl,--wrap=redis_begin -Wl,--wrap=store_get_marks -Wl,--wrap=stop_entry_is_in_force
    -Wl,--wrap=store_journal_intent -Wl,--wrap=store_find_hosts)
  add_dependencies(simulation redis_clock)
endif()

# tests/integration/*.sh: stories on real programs; each says at its top what it needs. 77: skipped, with the reason.
file(GLOB stories CONFIGURE_DEPENDS tests/integration/*_test.sh)
foreach(story ${stories})
  get_filename_component(name ${story} NAME_WE)
  add_test(NAME ${name} COMMAND ${story} ${CMAKE_BINARY_DIR} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS slow SKIP_RETURN_CODE 77 TIMEOUT 300)
  if(name MATCHES "^storage_")
    set_tests_properties(${name} PROPERTIES LABELS "slow;storage")
  endif()
  if(name MATCHES "^lab_")
    set_tests_properties(${name} PROPERTIES RESOURCE_LOCK lab LABELS "slow;lab")
  endif()
endforeach()
if(NOT FUZZ)
  # What takes longest begins first.
  set_tests_properties(storage_guest_test store_lost_test attack_bounds_test agent_test quoting_test stop_test hand_over_test
    events_test failing_moves_test PROPERTIES COST 50)
endif()

# Alert rules: that they agree with the metrics and documents; and, where promtool is (package prometheus), that each fires.
add_test(NAME alerts_agree COMMAND ${CMAKE_SOURCE_DIR}/tests/alerts/alerts_agree.py ${CMAKE_SOURCE_DIR})
set_tests_properties(alerts_agree PROPERTIES LABELS fast)
add_test(NAME alerts_fire COMMAND sh -c "command -v promtool >/dev/null || exit 77; exec promtool test rules tests/alerts/alerts_test.yml"
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(alerts_fire PROPERTIES LABELS fast SKIP_RETURN_CODE 77)

# The commands in README.md and docs/: fast, that the programs know them; slow, they are run.
if(NOT FUZZ)
  add_test(NAME document_commands COMMAND ${CMAKE_SOURCE_DIR}/tests/documents/commands.py ${CMAKE_BINARY_DIR}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(document_commands PROPERTIES LABELS fast)
  add_test(NAME documents_run COMMAND ${CMAKE_SOURCE_DIR}/tests/documents/commands.py ${CMAKE_BINARY_DIR} --run
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(documents_run PROPERTIES LABELS slow SKIP_RETURN_CODE 77 TIMEOUT 600 COST 50)
endif()

# tests/arrows/*.sh, *.py: what the tree itself keeps to. purity.sh is given the pure rooms' libraries, hardening.sh the programs.
file(GLOB arrows CONFIGURE_DEPENDS tests/arrows/*.sh tests/arrows/*.py)
list(FILTER arrows EXCLUDE REGEX "/(purity\\.sh|links\\.py|hardening\\.sh|format\\.sh)$")
foreach(script ${arrows})
  get_filename_component(name ${script} NAME_WE)
  add_test(NAME ${name} COMMAND ${script} ${CMAKE_SOURCE_DIR} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS fast)
endforeach()
set_tests_properties(words programs PROPERTIES COST 10)
add_test(NAME format COMMAND ${CMAKE_SOURCE_DIR}/tests/arrows/format.sh ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(format PROPERTIES LABELS fast SKIP_RETURN_CODE 77 COST 10)
if(HARDEN AND NOT CMAKE_BUILD_TYPE STREQUAL Debug)
  add_test(NAME hardening COMMAND ${CMAKE_SOURCE_DIR}/tests/arrows/hardening.sh $<TARGET_FILE:plimsoll> $<TARGET_FILE:plimsolld> $<TARGET_FILE:plimsoll-agent>)
  set_tests_properties(hardening PROPERTIES LABELS fast)
endif()
if(NOT SANITIZE)
  set(pure "")
  foreach(room base model json health wire build files rules import judge migration cost problem search order whynot plan query policies)
    get_target_property(type ${room} TYPE)
    if(type STREQUAL STATIC_LIBRARY)
      list(APPEND pure $<TARGET_FILE:${room}>)
    endif()
  endforeach()
  add_test(NAME purity COMMAND ${CMAKE_SOURCE_DIR}/tests/arrows/purity.sh ${pure})
  add_test(NAME links COMMAND ${CMAKE_SOURCE_DIR}/tests/arrows/links.py ${CMAKE_BINARY_DIR})
  set_tests_properties(purity links PROPERTIES LABELS fast)
endif()

# A fuzzer is tests/fuzz/fuzz_NAME.c with its corpus in tests/fuzz/corpus/NAME. In every build its corpus is run
# as a plain test; preset "fuzz" makes it a libFuzzer program.
file(GLOB fuzzers CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
foreach(source ${fuzzers})
  get_filename_component(name ${source} NAME_WE)
  string(REPLACE "fuzz_" "" corpus ${name})
  if(FUZZ)
    add_executable(${name} ${source})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name} ${source} tests/fuzz/corpus_main.c)
    add_test(NAME ${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${corpus})
    set_property(GLOBAL APPEND PROPERTY FAST_TESTS ${name})
    set_tests_properties(${name} PROPERTIES LABELS fast)
  endif()
  target_link_libraries(${name} app)
endforeach()

# All that `ctest -L fast` needs: the programs, and these tests of all (deploy/package --test).
if(NOT FUZZ)
  get_property(fast_tests GLOBAL PROPERTY FAST_TESTS)
  add_custom_target(fast_tests DEPENDS plimsoll plimsolld plimsoll-agent manual_pages random_plans ${fast_tests})
endif()

# Every parser has a fuzzer; tests/fuzz/coverage says how much of each its corpus reaches (a minute or two: not a test).
add_test(NAME parsers COMMAND ${CMAKE_SOURCE_DIR}/tests/fuzz/parsers.py ${CMAKE_SOURCE_DIR})
set_tests_properties(parsers PROPERTIES LABELS fast)

# tests/bench/NAME.c is a command of its own, bench_NAME, not a test: what it measures depends on the machine.
file(GLOB benches CONFIGURE_DEPENDS tests/bench/*.c)
if(NOT FUZZ)
  foreach(source ${benches})
    get_filename_component(name ${source} NAME_WE)
    add_executable(bench_${name} ${source})
    target_link_libraries(bench_${name} app)
  endforeach()
endif()

# tests/recipes/run does what HACKING.md says under "How to add …", in an overlay of the tree.
if(NOT FUZZ)
  add_test(NAME recipes COMMAND ${CMAKE_SOURCE_DIR}/tests/recipes/run ${CMAKE_BINARY_DIR} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(recipes PROPERTIES LABELS slow SKIP_RETURN_CODE 77 TIMEOUT 600 PROCESSORS 2 COST 50)
endif()
